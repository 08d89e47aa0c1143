"""The benchmark of batches, groups and counts, which ``python benchmarks/cells.py`` runs.

``command`` reads the options and runs the files of ``parts``, each of which measures what it is named after and sums up
its rows. ``draws`` simulates the cells, ``fits`` scores pairs of genes by infosem and the methods beside it,
``accuracy`` compares the scores with the truth, and ``rows`` keeps the results in a file.
"""
