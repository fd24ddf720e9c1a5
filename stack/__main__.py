"""`python -m stack`: write `.chalice/resources.json`."""

from stack import template

if __name__ == "__main__":
    template.PATH.write_text(template.rendered(), "utf-8")
