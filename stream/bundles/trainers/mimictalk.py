"""MimicTalk (Ye et al., NeurIPS 2024): adapts a model of many faces to one person."""

from take5.stream.bundles.contract import Shows, Step, TrainerContract
from take5.stream.bundles.parts.video import Video
from take5.stream.bundles.trainers.shared import SPEECH

MIMICTALK = TrainerContract(
    name="mimictalk",
    title="MimicTalk",
    parts=(Video(square=True),),
    least=50,
    left=(
        Step(
            "training; it prepares the video itself",
            "PYTHONPATH=. python inference/train_mimictalk_on_a_video.py --video_id data/{id}/{id}.mp4 "
            "--max_updates 2000 --work_dir checkpoints_mimictalk/{id}",
        ),
        SPEECH,
        Step(
            "any sound, in the style of the clip",
            "PYTHONPATH=. python inference/mimictalk_infer.py --drv_aud speech.wav --drv_pose data/{id}/{id}.mp4 "
            "--drv_style data/{id}/{id}.mp4 "
            "--torso_ckpt checkpoints_mimictalk/{id} --out_name {id}_speech.mp4 --out_mode final",
        ),
    ),
    caveats=(
        "Its own examples have 10 and 20 s: take5 --seconds 10 is recommended. Up to 250 frames it regularises more.",
        "A user found the pictures blurred before 4,000 updates (MimicTalk#36).",
        "Frame 0 is its source picture: with open eyes and a closed mouth, where the first second has such a frame.",
        "Use a name once: it goes on with what it finds in data/raw/videos and data/processed/videos.",
    ),
    shows=Shows.FROM_REST,
    holds_out=False,
    advised=250,
)
