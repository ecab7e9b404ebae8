"""The terminal's screens: the only place of the terminal that imports Kivy. Draws `ScreenModel`, sends `Command`."""
