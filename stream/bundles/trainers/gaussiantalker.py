"""GaussianTalker (Cho et al., 2024)."""

from take5.stream.bundles.contract import Step, TrainerContract
from take5.stream.bundles.parts.sound import SplitSound
from take5.stream.bundles.trainers.shared import (
    BLINKS,
    DEEPSPEECH,
    DONE,
    EXTRACTOR,
    LICENCE,
    PARTS,
    PROCESS_CAVEAT,
    SPOKEN,
    TASKS,
    TO_WAVE,
    openface,
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
        openface(BLINKS),
        Step(
            "training; the configuration's iterations, saved every 500",
            "python train.py -s data/{id} --model_path output/{id} --configs arguments/64_dim_1_transformer.py",
        ),
        Step("test", f"python render.py -s data/{{id}} --model_path output/{{id}} {ITERATION}"),
        Step(
            SPOKEN,
            TO_WAVE + "data/{id}/speech.wav",
        ),
        Step("its DeepSpeech features", EXTRACTOR + "--input data/{id}/speech.wav --output data/{id}/speech.npy"),
        Step(
            "the training poses in place of the few held out, over which any sound is rendered; task 9 restores them",
            "cp data/{id}/transforms_train.json data/{id}/transforms_val.json",
        ),
        Step(
            "any sound, as long as the training frames",
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
