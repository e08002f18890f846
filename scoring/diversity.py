"""Audio diversity D (section 3.3) in its streaming form, and the paper's other diversity measures.

``D = 2 / (F (F - 1)) * sum over i < k of ||e_i - e_k||``. The sum splits by chunks: pairs inside a chunk,
and pairs between a chunk and each earlier one in the window. Each such sum is computed once, when its later
chunk arrives, and a window adds up its own.

The paper names the other measures (section 3.3, ablation) without formulas; ``docs/mathematics.md`` gives our reading.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist

from take5.scoring.algorithm1 import diversity as euclidean
from take5.scoring.parameters import Parameters

Floats = NDArray[np.float64]

DiversityName = Literal["euclidean", "pc1", "pc-cumulative", "entropy"]
DIVERSITIES: tuple[DiversityName, ...] = get_args(DiversityName)

ENTROPY_CLUSTERS = 20


@dataclass(frozen=True)
class ChunkDiversity:
    """Pair sums of one chunk.

    Attributes
    ----------
    embeddings : ndarray [h, E]
        Kept for the chunks that follow.
    within : float
        Sum of the distances between its own embeddings.
    before : tuple of float
        Sums of the distances to the embeddings of the chunk 1, 2, ... before it, as far as a window reaches back.
    """

    embeddings: Floats
    within: float
    before: tuple[float, ...]


def chunk_diversity(embeddings: Floats, previous: Sequence[ChunkDiversity], parameters: Parameters) -> ChunkDiversity:
    """Summarise a chunk: embeddings [h, E]; ``previous`` the chunks before it, the latest last."""
    reach = parameters.chunks_per_window - 1
    neighbours = list(reversed(previous[-reach:])) if reach else []
    return ChunkDiversity(
        embeddings=embeddings,
        within=float(pdist(embeddings).sum()) if len(embeddings) > 1 else 0.0,
        before=tuple(float(cdist(embeddings, chunk.embeddings).sum()) for chunk in neighbours),
    )


def merge_diversity(chunks: Sequence[ChunkDiversity], parameters: Parameters) -> float:
    """D of the window that these chunks make up."""
    frames = parameters.window_frames
    pairs = sum(chunk.within + sum(chunk.before[:position]) for position, chunk in enumerate(chunks))
    return 2.0 * pairs / (frames * (frames - 1))


def principal_shares(embeddings: Floats) -> Floats:
    """Shares of variance of the principal components of embeddings [F, E], largest first; 0 where all are equal."""
    singular = np.linalg.svd(embeddings - embeddings.mean(axis=0), compute_uv=False)
    variance = singular**2
    return variance / (variance.sum() or 1.0)


def pc1(embeddings: Floats) -> float:
    """1 - share of variance of the first principal component."""
    shares = principal_shares(embeddings)
    return float(1.0 - shares[0]) if shares.any() else 0.0


def pc_cumulative(embeddings: Floats) -> float:
    """1 - mean of the cumulative shares of variance."""
    shares = principal_shares(embeddings)
    return float(1.0 - np.cumsum(shares).mean()) if shares.any() else 0.0


def cluster_entropy(labels: NDArray[np.int32]) -> float:
    """Entropy in nats of a window's clusters: -sum p log p."""
    counts = np.bincount(labels)
    shares = counts[counts > 0] / len(labels)
    return float(-(shares * np.log(shares)).sum())


def clusters(embeddings: Floats, seed: int) -> NDArray[np.int32]:
    """Label of each embedding [N, E] among the recording's k-means clusters (k = 20, k-means++, seeded)."""
    from scipy.cluster.vq import kmeans2  # only this measure needs it

    count = min(ENTROPY_CLUSTERS, len(np.unique(embeddings, axis=0)))
    _, labels = kmeans2(embeddings, count, minit="++", rng=np.random.default_rng(seed))
    return np.asarray(labels, dtype=np.int32)


class Rows(Protocol):
    """Embeddings [N, E] that are read in slices: an array, or what is kept elsewhere."""

    def __len__(self) -> int:
        """Return N."""

    def __getitem__(self, span: slice, /) -> Floats:
        """Return the rows of ``span``."""


def window_diversities(
    embeddings: Rows,
    parameters: Parameters,
    name: DiversityName,
    seed: int,
    starts: Iterable[int] | None = None,
) -> list[float]:
    """D of every window of a recording, embeddings [N, E], by one of the measures; ``seed`` seeds the clustering.

    Windows begin at the rows ``starts``, by default at every hop.
    """
    if starts is None:
        starts = (parameters.window_span(j)[0] for j in range(parameters.window_count(len(embeddings))))
    spans = [(start, start + parameters.window_frames) for start in starts]
    if name == "entropy":
        labels = clusters(embeddings[:], seed)
        return [cluster_entropy(labels[start:stop]) for start, stop in spans]
    measures: dict[str, Callable[[Floats], float]] = {
        "euclidean": euclidean,
        "pc1": pc1,
        "pc-cumulative": pc_cumulative,
    }
    return [measures[name](embeddings[start:stop]) for start, stop in spans]
