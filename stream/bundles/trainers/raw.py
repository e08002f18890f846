"""Every file that take5 makes, for your own pipeline."""

from take5.stream.bundles.contract import TrainerContract
from take5.stream.bundles.parts.arrays import AveRows, Blendshapes
from take5.stream.bundles.parts.background import BackgroundImages
from take5.stream.bundles.parts.images import Images, Landmarks
from take5.stream.bundles.parts.sound import Sound, SplitSound
from take5.stream.bundles.parts.video import Video

RAW = TrainerContract(
    name="raw",
    title="your own pipeline",
    parts=(Video(), Sound(), Images(), Landmarks(), Blendshapes(), AveRows(), SplitSound(), BackgroundImages()),
    least=5,
)
