"""The trainers on Gaussian splats: TalkingGaussian, InsTaG (both Li et al.) and GaussianTalker (Cho et al.)."""

from take5.stream.bundles.contract import Step, TrainerContract
from take5.stream.bundles.parts.arrays import AveRows
from take5.stream.bundles.parts.sound import SplitSound
from take5.stream.bundles.trainers.nerf import DEEPSPEECH, DONE, OPENFACE, PARTS, PROCESS_CAVEAT, SUGGESTED, TASKS

TEETH = Step(
    "teeth", "PYTHONPATH=./data_utils/easyportrait python ./data_utils/easyportrait/create_teeth_mask.py ./data/{id}"
)
LICENCE = "For research only: the terms of Inria's Gaussian splatting."
PLACE = "-s data/{id} -m output/{id} "
RENDER = "-S data/{id} -M output/{id} "
BLINK = "A clip without a blink, or whose mouth opens widest in its last eleventh only, never ends one of its stages."

LEAST_ITERATIONS = 15_000
"""TalkingGaussian's schedule of the mouth divides by what is beyond 11,000 iterations, after a warm-up of 3,000."""

TALKING_GAUSSIAN = TrainerContract(
    name="talkinggaussian",
    title="TalkingGaussian",
    parts=PARTS,
    least=32,
    done=DONE,
    left=(
        *TASKS,
        DEEPSPEECH,
        *OPENFACE,
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

INSTAG = TrainerContract(
    name="instag",
    title="InsTaG",
    parts=(*PARTS, AveRows()),
    least=32,
    done=(*DONE, "features of the sound, where aud_ave.npy is among the files"),
    left=(
        *TASKS,
        *OPENFACE,
        TEETH,
        Step(
            "depth and normals",
            "conda activate sapiens_lite && bash ./data_utils/sapiens/run.sh ./data/{id} && conda activate instag",
        ),
        Step(
            "face",
            f"python train_face.py --type face {PLACE}--init_num 2000 --densify_grad_threshold 0.0005 "
            "--audio_extractor ave --pretrain_path output/pretrain_ave/chkpnt_ema_face_latest.pth --iterations 10000 "
            "--sh_degree 1 --N_views {train}",
        ),
        Step(
            "mouth",
            f"python train_mouth.py --type mouth {PLACE}--audio_extractor ave "
            "--pretrain_path output/pretrain_ave/chkpnt_ema_mouth_latest.pth --init_num 5000 --iterations 10000 "
            "--sh_degree 1 --N_views {train}",
        ),
        Step(
            "both",
            f"python train_fuse_con.py {PLACE}--opacity_lr 0.001 --audio_extractor ave --iterations 2000 "
            "--sh_degree 1 --N_views {train}",
        ),
        Step("test", f"python synthesize_fuse.py {RENDER}--eval --audio_extractor ave --dilate"),
        Step(
            "any sound",
            f"python synthesize_fuse.py {RENDER}--dilate --use_train --audio speech.wav --audio_extractor ave",
        ),
    ),
    caveats=(
        PROCESS_CAVEAT,
        "Made for clips of seconds: the iterations are its own. Its split.py holds out 301 frames: do not run it.",
        "It needs its pre-trained pair in output/pretrain_ave; its README says that ave may jitter.",
        BLINK,
        LICENCE,
    ),
)

ITERATION = "--configs arguments/64_dim_1_transformer.py --iteration 10000 --batch 128 --skip_train"

GAUSSIAN_TALKER = TrainerContract(
    name="gaussiantalker",
    title="GaussianTalker",
    parts=(*PARTS, SplitSound()),
    least=36,
    done=DONE,
    left=(
        *TASKS,
        DEEPSPEECH,
        *OPENFACE,
        Step(
            "training; the configuration's iterations, saved every 500",
            "python train.py -s data/{id} --model_path output/{id} --configs arguments/64_dim_1_transformer.py",
        ),
        Step("test", f"python render.py -s data/{{id}} --model_path output/{{id}} {ITERATION}"),
        Step(
            "any sound; both files in data/{id}",
            f"python render.py -s data/{{id}} --model_path output/{{id}} {ITERATION} --skip_test "
            "--custom_aud speech.npy --custom_wav speech.wav",
        ),
    ),
    caveats=(
        PROCESS_CAVEAT,
        'Its maintainers, asked about 3 s, say "at least a 5-minute video" (GaussianTalker#81).',
        "Its configuration wins over the command line, so the iterations are its own; stop earlier by hand.",
        LICENCE,
    ),
)
