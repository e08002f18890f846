"""ER-NeRF (Li et al., ICCV 2023), which descends from RAD-NeRF."""

from take5.stream.bundles.contract import Step, TrainerContract
from take5.stream.bundles.trainers.shared import (
    BLINKS,
    DEEPSPEECH,
    DONE,
    HEAD,
    PARTS,
    PROCESS_CAVEAT,
    SPEECH,
    SPEECH_FEATURES,
    SUGGESTED,
    TASKS,
    TORSO,
    TRAIN,
    openface,
)

ER_NERF = TrainerContract(
    name="er-nerf",
    title="ER-NeRF",
    parts=PARTS,
    least=32,
    done=DONE,
    left=(
        *TASKS,
        DEEPSPEECH,
        openface(BLINKS),
        Step("training", TRAIN + "--iters {passes80}"),
        Step("lips", TRAIN + "--iters {passes} --finetune_lips --patch_size 32"),
        Step("torso", TORSO + HEAD + "--iters {passes160}"),
        Step("test", TORSO + "--test"),
        SPEECH,
        SPEECH_FEATURES,
        Step("any sound", TORSO + "--test --test_train --aud speech.npy"),
    ),
    caveats=(
        PROCESS_CAVEAT,
        SUGGESTED,
        "Task 2 writes its features under a name that the loader does not open (ER-NeRF#33, #87); leave it out.",
        "Its README asks for 1 to 5 minutes.",
    ),
)
