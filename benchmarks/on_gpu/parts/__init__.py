"""The parts of the benchmark, by the names that ``--parts`` takes: each file has one function, which gets the run."""
