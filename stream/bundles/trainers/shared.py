"""What the trainers derived from RAD-NeRF share: preprocessing steps, command lines and caveats."""

from take5.stream.bundles.contract import Step
from take5.stream.bundles.parts.background import BackgroundImages
from take5.stream.bundles.parts.features import ActionUnitNames, ActionUnits, SoundFeatures
from take5.stream.bundles.parts.images import Images, Landmarks
from take5.stream.bundles.parts.made import Background, Numbered, Single, Transforms
from take5.stream.bundles.parts.sound import Sound
from take5.stream.bundles.parts.video import Video

PARTS = (Video(), Sound(), Images(), Landmarks(), BackgroundImages())
PROCESS = "python data_utils/process.py data/{id}/{id}.mp4 --task "
DONE = ("task 1: sound", "task 3: images", "task 7: landmarks")
PARSING = Numbered("parsing", ".png")
HEAD_AND_TORSO = (Numbered("gt_imgs", ".jpg"), Numbered("torso_imgs", ".png"))
TRACKING = Single("track_params.pt")
TASKS = (
    Step("face parsing", PROCESS + "4", makes=(PARSING,)),
    Step("background", PROCESS + "5", makes=(Background(),)),
    Step("head and torso", PROCESS + "6", makes=HEAD_AND_TORSO),
    Step("head tracking", PROCESS + "8", makes=(TRACKING,)),
    Step("transforms", PROCESS + "9", makes=(Transforms(),)),
)
EXTRACTOR = "python data_utils/deepspeech_features/extract_ds_features.py "
DEEPSPEECH = Step(
    "DeepSpeech features, under the name that the loader opens",
    EXTRACTOR + "--input data/{id}/aud.wav --output data/{id}/aud_ds.npy",
    makes=(SoundFeatures("aud_ds.npy", 29, misnamed="aud.npy"),),
)
BLINKS = ("AU45_r",)
EXPRESSION = ("AU01_r", "AU04_r", "AU05_r", "AU06_r", "AU07_r", "AU25_r", "AU45_r")


def openface(columns: tuple[str, ...]) -> Step:
    """Action units in these columns of ``au.csv``."""
    return Step(
        "action units, with OpenFace, and a space before each name in their head, where it wrote none",
        "FeatureExtraction -f data/{id}/{id}.mp4 -aus -of au -out_dir data/{id} && "
        "sed -i '1s/, */, /g' data/{id}/au.csv",
        makes=(ActionUnits(columns), ActionUnitNames(columns)),
    )


SPOKEN = "the sound to be spoken, from any.mp3, a file of yours"
TO_WAVE = "ffmpeg -y -i any.mp3 -ac 1 -ar 16000 "
SPEECH = Step(SPOKEN, TO_WAVE + "speech.wav")
SPEECH_FEATURES = Step("its DeepSpeech features", EXTRACTOR + "--input speech.wav --output speech.npy")
PROCESS_CAVEAT = "process.py without --task does everything again, and writes over these files."
SUGGESTED = "The iterations are a suggestion, not tried: 140 passes as the paper took for SyncTalk, in its proportions."
TRAIN = "python main.py data/{id}/ --workspace trial_{id}/ -O "
TORSO = "python main.py data/{id}/ --workspace trial_{id}_torso/ -O --torso "
HEAD = "--head_ckpt trial_{id}/checkpoints/ngp_ep0140.pth "
TEETH = Step(
    "teeth",
    "PYTHONPATH=./data_utils/easyportrait python ./data_utils/easyportrait/create_teeth_mask.py ./data/{id}",
    makes=(Numbered("teeth_mask", ".npy"),),
)
LICENCE = "For research only: the terms of Inria's Gaussian splatting."
PLACE = "-s data/{id} -m output/{id} "
RENDER = "-S data/{id} -M output/{id} "
BLINK = "A clip without a blink, or whose mouth opens widest in its last eleventh only, never ends one of its stages."
