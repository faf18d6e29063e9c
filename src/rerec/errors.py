"""Every error that ReRec raises on purpose.

ReRecError
├── SettingsError   a setting is unknown, missing or out of range
├── DataError       a catalogue, interaction, query or run file breaks its promise
├── SourceError     a source (wheel, folder) is missing, unreachable or not what was pinned
├── ModelError      a checkpoint, adapter, tokenizer or chat template cannot be used
└── TrainingError   a run cannot go on: memory, gradients, a server or another process

The command prints one of these as a single line and exits with 2. Anything else is a bug and
keeps its traceback, but for `Terminated`: somebody asked a run to end. A bad completion is neither:
it is data, and scores 0.
"""


class ReRecError(Exception):
    """The root: one clear sentence that says what was found, where, and what to do."""


class SettingsError(ReRecError):
    """A setting is unknown, missing or out of range."""


class DataError(ReRecError):
    """A file of a domain or of a run breaks its promise."""


class SourceError(ReRecError):
    """A source is missing, unreachable or not the one that was pinned."""


class ModelError(ReRecError):
    """A checkpoint, adapter, tokenizer or chat template cannot be used."""


class TrainingError(ReRecError):
    """A run cannot go on: memory, gradients, a server or another process."""


class Terminated(Exception):
    """A run was asked to end, and has saved where it stands."""
