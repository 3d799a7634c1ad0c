"""`python -m statuswatch`, and the command `statuswatch`."""

import gc

gc.disable()  # while importing: nothing of that is ever freed. `main` enables it again.

from statuswatch.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
