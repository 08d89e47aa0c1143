"""The benchmark on a GPU, which ``python benchmarks/gpu.py`` runs.

``command`` reads the options and runs the files of ``parts``, each of which measures what it is named after. ``run``
has the sizes, the data and the file of results. What several parts measure with is in ``devices``, ``comparison``,
``roofline`` and ``gradient_step``. ``report`` writes the section of docs/speed.md from the results.
"""
