"""SyncTalk (Peng et al., CVPR 2024)."""

from take5.stream.bundles.contract import Step, TrainerContract
from take5.stream.bundles.parts.arrays import Blendshapes
from take5.stream.bundles.parts.background import BackgroundImages
from take5.stream.bundles.parts.images import Images, Landmarks
from take5.stream.bundles.parts.made import Background, Numbered, Single, Transforms
from take5.stream.bundles.parts.sound import Sound
from take5.stream.bundles.parts.video import Video
from take5.stream.bundles.trainers.shared import HEAD_AND_TORSO, PARSING, SPEECH, TRACKING

PROCESS = "python data_utils/process.py data/{id}/{id}.mp4 --task "
TRAIN = "python main.py data/{id} --workspace model/{id} -O "

SYNCTALK = TrainerContract(
    name="synctalk",
    title="SyncTalk",
    parts=(Video(alone=True), Sound(), Images(), Landmarks(), Blendshapes(), BackgroundImages()),
    least=5,
    done=("task 1: sound", "task 2: images", "task 6: landmarks", "task 9: blendshapes"),
    left=(
        Step("face parsing", PROCESS + "3", makes=(PARSING, Numbered("parsing", "_face.png"))),
        Step("background", PROCESS + "4", makes=(Background(),)),
        Step("head, torso and face masks", PROCESS + "5", makes=(*HEAD_AND_TORSO, Numbered("face_mask", ".png"))),
        Step("head tracking", PROCESS + "7", makes=(TRACKING,)),
        Step("optical flow and bundle adjustment", PROCESS + "8", makes=(Single("bundle_adjustment.pt"),)),
        Step("transforms", PROCESS + "10", makes=(Transforms(),)),
        Step("training; the paper's 140 passes in all", TRAIN + "--iters {passes60} --asr_model ave"),
        Step("lips", TRAIN + "--iters {passes} --finetune_lips --patch_size 64 --asr_model ave"),
        Step("test", TRAIN + "--test --asr_model ave --portrait"),
        SPEECH,
        Step("any sound", TRAIN + "--test --test_train --asr_model ave --portrait --aud speech.wav"),
    ),
    caveats=(
        "process.py without --task does everything again, and writes over these files.",
        "Its README asks for 4 to 5 minutes.",
        "140 passes in all are the ISExplore paper's, for 5 s; the proportion of the two stages is ours.",
        "A user of 4 minutes was not content with the lips (SyncTalk#233); show a closed mouth, too (SyncTalk#218).",
        "Where its blendshapes do not suit a face, its README advises OpenFace and --au45.",
        "Its licence is CC BY-NC 4.0.",
    ),
)
