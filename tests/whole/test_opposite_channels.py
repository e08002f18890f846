"""A recording whose channels cancel each other: every way of scoring uses one of them, and says so."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from own_media import own_media, pushed

import take5
from take5.client.cli import main
from take5.stream.analysis.models import Models
from take5.stream.events import Finished
from take5.stream.ffmpeg.container import channels
from take5.stream.live.replay import Replay
from take5.stream.offline.batch.job import Recipe
from take5.stream.settings import Settings
from take5.stream.sources.file import MediaFile

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def opposite(seven: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven seconds in stereo, lossless, the right channel minus the left."""
    path = tmp_path_factory.mktemp("channels") / "opposite.mkv"
    with av.open(str(seven)) as source, av.open(str(path), "w") as output:
        video, audio = source.streams.video[0], source.streams.audio[0]
        shown = output.add_stream_from_template(video)
        heard = output.add_stream("flac", rate=audio.rate)
        assert isinstance(heard, av.AudioStream)
        heard.layout = "stereo"
        for packet in source.demux(video, audio):
            if packet.stream_index == video.index and packet.dts is not None:
                packet.stream = shown
                output.mux(packet)
            elif packet.stream_index == audio.index:
                for frame in packet.decode():
                    assert isinstance(frame, av.AudioFrame)
                    mono = np.clip(channels(frame)[:1], -1, 1)
                    both = (np.concatenate([mono, -mono]).T.reshape(1, -1) * 32767).astype(np.int16)
                    stereo = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
                    stereo.sample_rate, stereo.pts, stereo.time_base = frame.sample_rate, frame.pts, frame.time_base
                    output.mux(heard.encode(stereo))
        output.mux(heard.encode(None))
    return path


@pytest.fixture(scope="module")
def alone(seven: Path, models: Models) -> take5.FileResult:
    return take5.select(seven, models=models)


def starts(result: take5.Result) -> tuple[float, list[bool | None]]:
    assert result.best is not None
    return result.best.start_s, [window.eligible for window in result.windows]


def test_one_channel_is_scored_and_heard(
    opposite: Path, alone: take5.FileResult, models: Models, tmp_path: Path
) -> None:
    found = take5.select(opposite, models=models)
    assert starts(found) == starts(alone)
    assert found.json()["channel"] == "left"
    assert any("left channel" in warning for warning in found.warnings)
    sound, rate = found.sound()
    expected, _ = alone.sound()
    assert sound.shape == (len(expected), 1)
    assert np.abs(sound[:, 0] - expected.mean(axis=1))[rate // 10 :].max() < 0.01  # not shifted either
    found.write(tmp_path / "take")
    (made,) = found.bundle(tmp_path / "take", "synctalk", name="me", size=256)
    assert json.loads(made.manifest.read_text())["source"]["channel"] == "left"
    found.write_report(tmp_path / "take")
    assert "channel left" in (tmp_path / "take" / "report.html").read_text()


def test_every_way_of_scoring_agrees(opposite: Path, alone: take5.FileResult, models: Models) -> None:
    *_, last = Replay(MediaFile(opposite), models, Settings()).events()
    assert isinstance(last, Finished)
    assert last.selection.channel == "left"
    assert last.selection.best is not None
    assert alone.best is not None
    assert last.selection.best.start == round(alone.best.start_s * 25)
    session = take5.Session(models, channel="right")
    pushed(session, list(own_media(opposite)))
    assert session.result.json()["channel"] == "right"
    assert session.best is not None
    assert session.best.start_s == alone.best.start_s


def test_a_channel_can_be_given(opposite: Path, models: Models) -> None:
    assert take5.select(opposite, models=models, channel="mix").best is None
    assert take5.select(opposite, models=models, channel=2).json()["channel"] == "2"


def test_a_channel_that_is_not_there(opposite: Path, models: Models, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(take5.UnreadableMedia, match="has no channel 3, its sound has 2"):
        take5.select(opposite, models=models, channel=3)
    for wrong in ("middle", 0, -1, "1.5"):
        with pytest.raises(take5.ParameterError, match="must be auto, mix, left, right"):
            take5.select(opposite, models=models, channel=wrong)
    with pytest.raises(take5.ParameterError, match="needs the whole recording"):
        take5.Session(models, channel="auto")
    with pytest.raises(take5.ParameterError, match="the block has no channel 2, it has 1"):
        take5.Session(models, channel=2).push_audio(np.zeros(160, np.float32), 16_000)
    for command in (["select"], ["replay"], ["bundle", "--for", "synctalk"]):
        with pytest.raises(SystemExit) as ended:
            main([*command, "--channel", "middle", str(opposite)])
        assert ended.value.code == 64
        assert "'middle' is not mix, left, right" in capsys.readouterr().err


def test_a_ledger_knows_the_channel_only_where_it_was_given() -> None:
    recipe = Recipe(Settings(), exhaustive=False, encoder="speech-embedding", encoder_version="1")
    given = Recipe(Settings(), exhaustive=False, encoder="speech-embedding", encoder_version="1", channel="left")
    assert given.key() != recipe.key()
