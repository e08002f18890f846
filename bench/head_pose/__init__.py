"""How good the head poses of ``take5 prepare`` are: ``python -m bench.head_pose``."""
