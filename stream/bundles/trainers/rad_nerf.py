"""RAD-NeRF (Tang et al., 2022)."""

from take5.stream.bundles.contract import Step, TrainerContract
from take5.stream.bundles.parts.features import SoundFeatures
from take5.stream.bundles.trainers.shared import (
    DONE,
    HEAD,
    PARTS,
    PROCESS,
    PROCESS_CAVEAT,
    SPEECH,
    SUGGESTED,
    TASKS,
    TORSO,
    TRAIN,
)

RAD_NERF = TrainerContract(
    name="rad-nerf",
    title="RAD-NeRF",
    parts=PARTS,
    least=64,
    done=DONE,
    left=(
        Step("wav2vec features", PROCESS + "2", makes=(SoundFeatures("aud_eo.npy", 44),)),
        *TASKS,
        Step("training", TRAIN + "--iters {passes80}"),
        Step("lips", TRAIN + "--iters {passes} --finetune_lips"),
        Step("torso", TORSO + HEAD + "--iters {passes80}"),
        Step("test", TORSO + "--test"),
        SPEECH,
        Step("its wav2vec features, speech_eo.npy", "python nerf/asr.py --wav speech.wav --save_feats"),
        Step("any sound", TORSO + "--test --test_train --aud speech_eo.npy"),
    ),
    caveats=(
        PROCESS_CAVEAT,
        SUGGESTED,
        "Its README asks for 1 to 5 minutes; 1.5 minutes gave a user poor results (RAD-NeRF#70).",
    ),
)
