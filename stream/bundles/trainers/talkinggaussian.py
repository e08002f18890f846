"""TalkingGaussian (Li et al., ECCV 2024)."""

from take5.stream.bundles.contract import Step, TrainerContract
from take5.stream.bundles.trainers.shared import (
    BLINK,
    DEEPSPEECH,
    DONE,
    EXPRESSION,
    LICENCE,
    PARTS,
    PLACE,
    PROCESS_CAVEAT,
    RENDER,
    SPEECH,
    SPEECH_FEATURES,
    SUGGESTED,
    TASKS,
    TEETH,
    openface,
)

LEAST_ITERATIONS = 15_000
"""TalkingGaussian's mouth schedule divides by the iterations beyond 11,000, after a warm-up of 3,000."""

TALKING_GAUSSIAN = TrainerContract(
    name="talkinggaussian",
    title="TalkingGaussian",
    parts=PARTS,
    least=32,
    done=DONE,
    left=(
        *TASKS,
        DEEPSPEECH,
        openface(EXPRESSION),
        TEETH,
        Step(
            "mouth",
            f"python train_mouth.py {PLACE}--audio_extractor deepspeech --iterations {{passes}} "
            "--position_lr_max_steps {passes90} --densify_until_iter {passes90}",
            LEAST_ITERATIONS,
        ),
        Step(
            "face",
            f"python train_face.py {PLACE}--init_num 2000 --densify_grad_threshold 0.0005 --audio_extractor deepspeech "
            "--iterations {passes} --position_lr_max_steps {passes90}",
            LEAST_ITERATIONS,
        ),
        Step("both", f"python train_fuse.py {PLACE}--opacity_lr 0.001 --audio_extractor deepspeech"),
        Step("test", f"python synthesize_fuse.py {RENDER}--eval --audio_extractor deepspeech"),
        SPEECH,
        SPEECH_FEATURES,
        Step("any sound", f"python synthesize_fuse.py {RENDER}--use_train --audio speech.npy"),
    ),
    caveats=(
        PROCESS_CAVEAT,
        SUGGESTED + " With less than 14,000 its mouth stage fails.",
        "Its README asks for 1 to 5 minutes.",
        BLINK,
        LICENCE,
    ),
)
