"""The command line: `arguments` reads it, `main` runs a command, and each command is a module of its own.

A module of a command has its HELP of one line, adds its own arguments to a parser, and runs: see `arguments.Command`.
"""
