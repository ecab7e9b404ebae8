"""Kivy pieces that terminal and demo wallet share. Call `environment.open_window` before importing the others."""
