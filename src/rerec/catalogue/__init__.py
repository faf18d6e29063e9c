"""Floor 3: items and their names, and the domain folder that holds a catalogue on disk."""
