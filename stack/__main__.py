"""`python -m stack`: write every file that follows from the declarations."""

from stack.written import ROOT, files

if __name__ == "__main__":
    for path, text in files().items():
        (ROOT / path).write_text(text, "utf-8")
