"""``python -m studylib`` is the ``studylib`` command."""

from studylib.cli import main

if __name__ == "__main__":
    main()
