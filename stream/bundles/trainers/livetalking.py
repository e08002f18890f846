"""LiveTalking (lipku/LiveTalking): avatars that speak live, made from a video in which the person is silent."""

from take5.stream.bundles.contract import Shows, Step, TrainerContract
from take5.stream.bundles.parts.video import WholeVideo

LIVETALKING = TrainerContract(
    name="livetalking",
    title="LiveTalking",
    parts=(WholeVideo(),),
    least=5,
    left=(
        Step(
            "avatar for Wav2Lip, with the weights of its README",
            "PYTHONPATH=. python avatars/wav2lip/genavatar.py --video_path data/{id}/{id}.mp4 --img_size 256 "
            "--avatar_id wav2lip256_{id}",
        ),
        Step("live", "python app.py --transport webrtc --model wav2lip --avatar_id wav2lip256_{id}"),
        Step(
            "or an avatar for MuseTalk",
            "PYTHONPATH=. python avatars/musetalk/genavatar.py --file data/{id}/{id}.mp4 --avatar_id musetalk_{id}",
        ),
        Step("live", "python app.py --transport webrtc --model musetalk --avatar_id musetalk_{id}"),
    ),
    caveats=(
        "Nothing is trained: the video is played forwards and backwards, and only the mouth is made.",
        "Use an avatar_id once: frames of a longer video before it stay in data/avatars.",
        "Its code writes LiveTalking, small, into the upper left corner of each frame.",
        "A frame in which its detector finds no face is taken for a face as a whole, without a word.",
        "Open lips in the video stay visible beneath the spoken ones (LiveTalking#148, #392, #426).",
    ),
    shows=Shows.IDLE,
    holds_out=False,
)
