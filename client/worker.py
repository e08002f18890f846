"""The process of a worker of ``take5 serve``, which starts ``python -m take5.client.worker LOG_FORMAT DESCRIPTOR``."""

import sys
from typing import cast

from take5.client.api.models import EncoderName, TrackerName, load_models
from take5.client.cli.log_options import set_up_logging
from take5.stream.analysis.models import Models
from take5.stream.workers.model_choice import ModelChoice
from take5.stream.workers.process import main


def load(choice: ModelChoice) -> Models:
    """Load the models; what is fetched is said in the log of the server."""
    encoder, tracker = cast("EncoderName", choice.encoder), cast("TrackerName", choice.tracker)
    return load_models(encoder, choice.ave_weights, choice.device, _say, tracker)


def _say(text: str) -> None:
    print(f"take5: {text}", file=sys.stderr)  # noqa: T201 - it belongs to a program


if __name__ == "__main__":
    set_up_logging(sys.argv[1], access=False)
    sys.exit(main(int(sys.argv[2]), load))
