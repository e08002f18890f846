"""What the commands of a manifest must be, written from the trainers' own scripts."""

import re
import subprocess
from pathlib import Path

from video_readers import AVATARS

TASKS_LEFT = {"synctalk": [3, 4, 5, 7, 8, 10], "rad-nerf": [2, 4, 5, 6, 8, 9]}  # the others: 4, 5, 6, 8, 9


def check_commands(trainer: str, commands: list[str], train: int) -> None:
    """The manifest's commands run the steps that are left, in order and once, and none that undoes take5's files."""
    text = "\n".join(commands)
    check_shell(commands)
    check_speech(text)
    if trainer in AVATARS:
        assert "data_utils/process.py" not in text, f"{trainer} has no process.py"
        return
    tasks = [int(task) for task in re.findall(r"process\.py \S+ --task (\d+)", text)]
    assert len(tasks) == text.count("process.py"), f"process.py without --task does everything again: {commands}"
    assert tasks == TASKS_LEFT.get(trainer, [4, 5, 6, 8, 9]), f"{trainer}: tasks {tasks}"
    assert "split.py" not in text, "split.py holds out 301 frames"
    training = [line for line in commands if re.search(r"(main|train\w*)\.py", line) and "--test" not in line]
    assert training, f"{trainer}: nothing trains in {commands}"
    for line in training:
        check_training(trainer, line, train)


def check_shell(commands: list[str]) -> None:
    """Any shell runs them: nothing that only an interactive bash knows."""
    for command in commands:
        assert "conda activate" not in command, f"{command}: conda activate is a function of an interactive shell"
        assert not re.search(r"(^|[;&|] *)(source|\.) ", command), f"{command}: sources a file"
        for shell in ("sh", "bash"):
            subprocess.run([shell, "-n", "-c", command], check=True)


def check_speech(text: str) -> None:
    """Sound to be spoken, and its features, are made before they are read; of the user's own is any.mp3 alone."""
    made = set()
    for line in text.splitlines():
        words = line.split()
        read = {Path(word).name for word in words if re.fullmatch(r"\S*speech\S*\.(wav|npy)", word)}
        if line.startswith("ffmpeg"):
            made.add(Path(words[-1]).name)
        elif "--output" in words:
            made.add(Path(words[words.index("--output") + 1]).name)
        elif "--save_feats" in words:
            made |= {name.replace(".wav", "_eo.npy") for name in read}
        assert read <= made, f"{line}: nothing makes {sorted(read - made)}"


def check_training(trainer: str, line: str, train: int) -> None:
    option = dict(re.findall(r"--(\w+) (-?\d\S*|[^\s-]\S*)", line))
    if trainer == "synctalk":
        assert option.get("asr_model") == "ave", f"{line}: without --asr_model ave it wants aud_ds.npy"
    if trainer == "instag":
        assert 0 < int(option.get("N_views", -1)) <= train, f"{line}: {train} frames train; -1 leaves the last out"
    if trainer == "talkinggaussian" and "train_fuse" not in line:
        # Their schedules are 1 / (iterations - 11,000) and - 10,000 long, after 3,000 to warm up.
        least = 14_000 if "train_mouth" in line else 13_000
        assert int(option.get("iterations", 50_000)) >= least, f"{line}: fewer than {least} iterations have no schedule"
    if trainer == "gaussiantalker":
        assert "/" in option.get("model_path", ""), f"{line}: render.py splits --model_path at a slash"
    if "main.py" in line:
        assert int(option.get("iters", 1)) % train == 0, (
            f"{line}: --iters is rounded up to whole passes of {train} frames"
        )
