"""Distribution of jobs to workers, robust to workers that die."""

from __future__ import annotations

from collections.abc import Iterator
from os import getpid

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool

from infosem.benchmark._grid import Job
from infosem.benchmark._job import JobResult, died, run_job
from infosem.model._parallel import end_with_parent, in_parallel


def run_jobs(jobs: Iterator[Job], n_jobs: int | None) -> Iterator[tuple[Job, JobResult]]:
    """Run jobs and yield them with their results, in order of completion.

    If the process of a job is killed, all unfinished jobs are run again, each alone in a separate process. A job that
    dies again is recorded as failed.

    Parameters
    ----------
    jobs
        Jobs to run, taken one by one as workers become free.
    n_jobs
        Number of processes, as in :class:`joblib.Parallel`.
    """
    in_hand: dict[str, Job] = {}

    def taken() -> Iterator[Job]:
        for job in jobs:
            in_hand[job.key] = job
            yield job

    while True:
        try:
            for job, result in in_parallel(_with_job, taken(), n_jobs, in_order=False):
                del in_hand[job.key]
                yield job, result
            return
        except BrokenProcessPool:
            yield from _one_by_one(list(in_hand.values()))
            in_hand.clear()


def _with_job(job: Job) -> tuple[Job, JobResult]:
    return job, run_job(job)


def _one_by_one(jobs: list[Job]) -> Iterator[tuple[Job, JobResult]]:
    executor = _alone()
    try:
        for job in jobs:
            try:
                yield job, executor.submit(run_job, job).result()
            except BrokenProcessPool:
                yield job, died(job)
                executor = _alone()
    finally:
        executor.shutdown(kill_workers=True)


def _alone() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max_workers=1, initializer=end_with_parent, initargs=(getpid(),))
