"""RAD-NeRF (Tang et al., 2022) and ER-NeRF (Li et al., ICCV 2023), which came of it."""

from take5.stream.bundles.contract import Step, TrainerContract
from take5.stream.bundles.parts.images import Images, Landmarks
from take5.stream.bundles.parts.sound import Sound
from take5.stream.bundles.parts.video import Video

PARTS = (Video(), Sound(), Images(), Landmarks())
PROCESS = "python data_utils/process.py data/{id}/{id}.mp4 --task "
DONE = ("task 1: sound", "task 3: images", "task 7: landmarks")
TASKS = (
    Step("face parsing", PROCESS + "4"),
    Step("background", PROCESS + "5"),
    Step("head and torso", PROCESS + "6"),
    Step("head tracking", PROCESS + "8"),
    Step("transforms", PROCESS + "9"),
)
DEEPSPEECH = Step(
    "DeepSpeech features, under the name that the loader opens",
    "python data_utils/deepspeech_features/extract_ds_features.py --input data/{id}/aud.wav "
    "--output data/{id}/aud_ds.npy",
)
OPENFACE = (
    Step(
        "action units, with OpenFace",
        "FeatureExtraction -f data/{id}/{id}.mp4 -aus -of au -out_dir data/{id}",
    ),
    Step("a space before each name in their head, where OpenFace wrote none", "sed -i '1s/, */, /g' data/{id}/au.csv"),
)
PROCESS_CAVEAT = "process.py without --task does everything again, and writes over these files."
SUGGESTED = "The iterations are a suggestion, not tried: 140 passes as the paper took for SyncTalk, in its proportions."
TRAIN = "python main.py data/{id}/ --workspace trial_{id}/ -O "
TORSO = "python main.py data/{id}/ --workspace trial_{id}_torso/ -O --torso "
HEAD = "--head_ckpt trial_{id}/checkpoints/ngp_ep0140.pth "

RAD_NERF = TrainerContract(
    name="rad-nerf",
    title="RAD-NeRF",
    parts=PARTS,
    least=64,
    done=DONE,
    left=(
        Step("wav2vec features", PROCESS + "2"),
        *TASKS,
        Step("training", TRAIN + "--iters {passes80}"),
        Step("lips", TRAIN + "--iters {passes} --finetune_lips"),
        Step("torso", TORSO + HEAD + "--iters {passes80}"),
        Step("test", TORSO + "--test"),
        Step("any sound", TORSO + "--test --test_train --aud speech_eo.npy"),
    ),
    caveats=(
        PROCESS_CAVEAT,
        SUGGESTED,
        "Its README asks for 1 to 5 minutes; 1.5 minutes gave a user poor results (RAD-NeRF#70).",
    ),
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
        *OPENFACE,
        Step("training", TRAIN + "--iters {passes80}"),
        Step("lips", TRAIN + "--iters {passes} --finetune_lips --patch_size 32"),
        Step("torso", TORSO + HEAD + "--iters {passes160}"),
        Step("test", TORSO + "--test"),
        Step("any sound", TORSO + "--test --test_train --aud speech.npy"),
    ),
    caveats=(
        PROCESS_CAVEAT,
        SUGGESTED,
        "Task 2 writes its features under a name that the loader does not open (ER-NeRF#33, #87); leave it out.",
        "Its README asks for 1 to 5 minutes.",
    ),
)
