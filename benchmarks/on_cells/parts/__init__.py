"""The parts of the benchmark, one file each: what is run, and how its rows are summed up."""
