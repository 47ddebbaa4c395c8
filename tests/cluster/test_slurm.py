"""The tests' own cluster leaves nothing behind, whatever became of its processes."""

import pytest
from slurm import Slurm, wait_until

pytestmark = pytest.mark.xdist_group("cluster")


def test_a_stopped_cluster_leaves_no_process_of_a_job_whose_node_was_killed(slurm: Slurm) -> None:
    slurm.ask("sbatch", "--chdir", str(slurm.folder), "--wrap", "sleep 600")
    wait_until("the job runs", lambda: slurm.jobs("R"), 30)
    node = slurm.ask("squeue", "-h", "-o", "%N")
    slurm.processes[node].kill()
    slurm.processes.pop(node).wait()
    assert slurm.alive()
    slurm.stop()
    assert slurm.alive() == []
