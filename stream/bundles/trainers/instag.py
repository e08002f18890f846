"""InsTaG (Li et al., CVPR 2025)."""

from take5.stream.bundles.contract import Step, TrainerContract
from take5.stream.bundles.parts.arrays import AveRows
from take5.stream.bundles.parts.made import Numbered
from take5.stream.bundles.trainers.shared import (
    BLINK,
    DONE,
    EXPRESSION,
    LICENCE,
    PARTS,
    PLACE,
    PROCESS_CAVEAT,
    RENDER,
    SPEECH,
    TASKS,
    TEETH,
    openface,
)

INSTAG = TrainerContract(
    name="instag",
    title="InsTaG",
    parts=(*PARTS, AveRows()),
    least=32,
    done=(*DONE, "features of the sound, where aud_ave.npy is among the files"),
    left=(
        *TASKS,
        openface(EXPRESSION),
        TEETH,
        Step(
            "depth and normals; first, one GPU is set in their scripts, which are for four",
            "sed -i 's/^JOBS_PER_GPU=.*/JOBS_PER_GPU=1; TOTAL_GPUS=1; VALID_GPU_IDS=(0)/' "
            "data_utils/sapiens/lite/scripts/depth.sh data_utils/sapiens/lite/scripts/normal.sh && "
            "conda run --no-capture-output -n sapiens_lite bash ./data_utils/sapiens/run.sh ./data/{id}",
            makes=(Numbered("sapiens/depth/sapiens_*", ".npy"), Numbered("sapiens/normal/sapiens_*", ".npy")),
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
        SPEECH,
        Step(
            "any sound",
            f"python synthesize_fuse.py {RENDER}--dilate --use_train --audio speech.wav --audio_extractor ave",
        ),
    ),
    caveats=(
        PROCESS_CAVEAT,
        "Made for clips of seconds: the iterations are its own. Its split.py holds out 301 frames: do not run it.",
        "depth.sh and normal.sh leave out the frames of missing GPUs. Two are TOTAL_GPUS=2; VALID_GPU_IDS=(0 1).",
        "It needs its pre-trained pair in output/pretrain_ave; its README says that ave may jitter.",
        BLINK,
        LICENCE,
    ),
)
