"""What a function may find in /opt beside its own package."""

from chalicelib.feature import Layer
from stack.intrinsics import Json


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
