"""SAM templates, translated to plain CloudFormation as AWS translates them."""

import copy
import logging
from collections.abc import Mapping
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from infra.stage_files import choose_parameters

_CODE = {"Bucket": "artifacts", "Key": "deployment.zip"}
_MANAGED_POLICIES = {"AWSCodeDeployRoleForLambda": "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"}


def translate_template(
    template: Mapping[str, Any], values: Mapping[str, str], region: str = "us-east-1"
) -> dict[str, Any]:
    """Return a template of the packaged app without SAM's types of resources.

    Parameters
    ----------
    template
        The template of :func:`infra.packaging.package_app`.
    values
        Values of parameters; the others have their defaults.
    region
        The region for which it is translated.
    """
    document = copy.deepcopy(dict(template))
    for resource in document["Resources"].values():
        if "CodeUri" in resource.get("Properties", {}):
            resource["Properties"]["CodeUri"] = _CODE
    # It warns of AWS' own switches, which only AWS has.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    session = boto3.session.Session(region_name=region)
    translator = Translator(_MANAGED_POLICIES, Parser(), boto_session=session)
    parameters = choose_parameters(template, values, {})
    translation: dict[str, Any] = translator.translate(document, parameters)
    return translation
