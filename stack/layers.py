"""What a function may find in /opt beside its own package."""

from dataclasses import dataclass

from stack.intrinsics import Json


@dataclass(frozen=True)
class Layer:
    """A zip that `make package` puts beside the template, by its logical id."""

    resource: str
    zip_name: str
    description: str


# As big as everything else together, and needed by none of the others.
PYARROW = Layer("PyarrowLayer", "pyarrow-layer.zip", "Arrow, as far as it reads Parquet")


def resource(layer: Layer) -> Json:
    """The layer. What it runs on is written into the template when it is made, by `release/`.

    Each change of the zip is a new version. The former one is deleted once no function of the
    stack has it any more; going back brings its own.
    """
    return {
        "Type": "AWS::Serverless::LayerVersion",
        "Properties": {
            "Description": layer.description,
            "ContentUri": f"./{layer.zip_name}",
            "CompatibleArchitectures": ["x86_64"],
            "RetentionPolicy": "Delete",
        },
    }
