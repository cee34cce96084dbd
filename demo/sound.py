"""The fog signal of the harbour, which the demo's podcast plays: two long, one short."""

import io
import math
import wave
from typing import Final

_RATE: Final = 8000  # samples a second
_HERTZ: Final = 180
_BLASTS: Final = ((2.5, 1.5), (2.5, 1.5), (0.8, 1.2))
"""Seconds of sound and of silence."""


def fog_signal() -> bytes:
    """The signal as a WAV file, 8 bits mono."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(_RATE)
        for blast, silence in _BLASTS:
            sound.writeframes(_tone(blast) + bytes([128]) * int(silence * _RATE))
    return file.getvalue()


def _tone(seconds: float) -> bytes:
    """A low tone that swells and fades within a fifth of a second."""
    count = int(seconds * _RATE)
    edge = _RATE / 5
    return bytes(
        int(128 + 90 * min(1, n / edge, (count - n) / edge) * math.sin(math.tau * _HERTZ * n / _RATE))
        for n in range(count)
    )
