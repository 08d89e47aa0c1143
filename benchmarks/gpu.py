"""The benchmark on a GPU: ``python benchmarks/gpu.py --help`` says how to run it, and its parts are in on_gpu/."""

from on_gpu.command import PARTS, main

__all__ = ["PARTS", "main"]

if __name__ == "__main__":
    main()
