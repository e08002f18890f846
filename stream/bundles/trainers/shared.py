"""What the trainers derived from RAD-NeRF share: preprocessing steps, command lines and caveats."""

from take5.stream.bundles.contract import Step
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
TEETH = Step(
    "teeth", "PYTHONPATH=./data_utils/easyportrait python ./data_utils/easyportrait/create_teeth_mask.py ./data/{id}"
)
LICENCE = "For research only: the terms of Inria's Gaussian splatting."
PLACE = "-s data/{id} -m output/{id} "
RENDER = "-S data/{id} -M output/{id} "
BLINK = "A clip without a blink, or whose mouth opens widest in its last eleventh only, never ends one of its stages."
