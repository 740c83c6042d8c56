"""What a reader decides about a file, told once on stderr."""

import logging


class Said:
    """Tells each sentence once; one instance a file that is read."""

    def __init__(self) -> None:
        self._before: set[str] = set()

    def __call__(self, sentence: str, where: str) -> None:
        """Tell `sentence` about the row at `where` (`file:line`)."""
        if sentence not in self._before:
            self._before.add(sentence)
            logging.getLogger(__name__).warning("%s", f"{where}: {sentence}" if where else sentence)
