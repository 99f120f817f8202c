"""What a message may show: no token, no credentials in a URL, no signature of one."""

import re

__all__ = ["redact"]

_TOKEN = re.compile(r"\b(hf|api)_[A-Za-z0-9]{6,}")
_BEARER = re.compile(r"(?i)\bbearer\s+\S+")
_CREDENTIALS = re.compile(r"(https?://)[^/\s@]{1,512}@")
_QUERY = re.compile(r"(https?://[^\s?\"'<>]{1,2048})\?[^\s\"'<>)]+")
_LONGEST = 2_000


def redact(value: object) -> str:
    """The text of something, in one line, cut to what a person reads, without secrets.

    Args:
        value: An error, an address, anything that prints.

    Returns:
        At most 2,000 characters; tokens, credentials in URLs and their queries are replaced.

    >>> redact("PUT https://u:pw@host/x?sig=1 with Bearer hf_abcdefgh failed")
    'PUT https://host/x?... with Bearer hf_... failed'
    >>> redact("hf_hub and hf_abcdefgh")
    'hf_hub and hf_...'
    """
    text = " ".join(str(value).split())[:_LONGEST]
    own = _own_token()
    if own:
        text = text.replace(own, "hf_...")
    text = _TOKEN.sub("hf_...", text)
    text = _BEARER.sub("Bearer hf_...", text)
    return _QUERY.sub(r"\1?...", _CREDENTIALS.sub(r"\1", text))


def _own_token() -> str | None:
    """Whatever its form: tokens of organisations and of continuous integration have others."""
    from huggingface_hub import get_token

    return get_token()
