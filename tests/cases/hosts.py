#!/usr/bin/env python3
"""Derives the signing names of AWS hosts from botocore's models and endpoint rules.

    hosts.py           writes adapters/std/src/request/signing_names.txt and hosts.txt
    hosts.py --check   fails if they differ from the output of this script

The first file is the table that the library has. It lists the part of a host's name before the region, without what
FIPS and dual-stack endpoints add to it, and after `=` the name in the credential scope, if that is another. A mark
says where the region is, if it is not the last label: `@` for hosts without one, which belong to a partition as a
whole, and `^` for hosts whose region is before the service. `~` allows labels of a customer in front.

The second file has one host of each kind for each service, URL, service and region, but few of other partitions. A host that botocore signs for a
region that is not its own is left out of both.
"""

import pathlib
import sys

import botocore.session
from botocore.endpoint_provider import EndpointProvider

HERE = pathlib.Path(__file__).parent
TABLE = HERE.parents[1] / "adapters/std/src/request/signing_names.txt"
MOST_BYTES = 8 * 1024

# Hosts that carry data and that no client of botocore asks, by the documentation of each service.
# Nothing is signed where certificates are exchanged for credentials.
OTHERS = """
~execute-api ~appsync-api=appsync ~appsync-realtime-api=appsync ~iot=iotdata ~lambda-url=lambda ~ddb=dynamodb
~kinesisvideo ~timestream ~vpc-lattice-svcs aps-workspaces=aps data.iot=iotdata transcribestreaming=transcribe
~^es ~^aoss ~^cloudsearch ~^neptune=neptune-db ~^osis ^queue=sqs ^elasticmapreduce @queue=sqs @organizations
@sts @global.health=health ~credentials.iot=
~s3 ~s3-accesspoint=s3 ~s3-control=s3 ~s3-outposts ~s3-object-lambda s3-object-lambda
~s3express-control=s3express s3express-control=s3express
""".split()
# Where the region to sign for is another than that in the host's name.
IRREGULAR = {"importexport", "sustainability", "signin"}

SUFFIXES = [
    "api.amazonwebservices.com.cn", "api.amazonwebservices.eu", "api.aws.hci.ic.gov", "api.aws.ic.gov",
    "api.aws.scloud", "api.cloud-aws.adc-e.uk", "api.aws", "amazonaws.com.cn", "amazonaws.com", "amazonaws.eu",
    "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov",
]
REGIONS = [
    "eu-west-1", "us-east-1", "us-west-2", "us-gov-west-1", "cn-north-1", "cn-northwest-1", "eusc-de-east-1",
    "us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1",
]
# One service of each form of name, for which hosts.txt has every partition.
EVERYWHERE = ("s3", "sts", "email", "api.ecr", "portal.sso")


def endpoints():
    """Every service's endpoints: host, signing name, region to sign for, region asked for."""
    loader = botocore.session.get_session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    for name in loader.list_available_services("service-2"):
        metadata = loader.load_service_model(name, "service-2")["metadata"]
        if metadata["signatureVersion"] in ("v2", "bearer") or metadata["endpointPrefix"] in IRREGULAR:
            continue
        rules = loader.load_service_model(name, "endpoint-rule-set-1")
        provider, parameters = EndpointProvider(rules, partitions), rules["parameters"]
        signing_name = metadata.get("signingName") or metadata["endpointPrefix"]
        required = {k: v for k, v in parameters.items() if v.get("required") and "default" not in v}
        given = {k: "abc" if v["type"].lower() == "string" else False for k, v in required.items()}
        for region in REGIONS:
            for variant in ({}, {"UseFIPS": True}, {"UseDualStack": True}, {"UseFIPS": True, "UseDualStack": True}):
                if not variant.keys() <= parameters.keys():
                    continue
                try:
                    endpoint = provider.resolve_endpoint(**{**given, "Region": region, **variant})
                except Exception:  # not offered there
                    continue
                schemes = endpoint.properties.get("authSchemes", [])
                v4 = next((scheme for scheme in schemes if scheme["name"] in ("sigv4", "v4")), None)
                if schemes and not v4:
                    continue
                v4 = v4 or {}
                host = endpoint.url.split("://")[1].split("/")[0]
                yield host, v4.get("signingName", signing_name), v4.get("signingRegion", region), region


def prefixes():
    """The prefixes that operations put before a host: by a label of its own, or within the first label."""
    loader = botocore.session.get_session().get_component("data_loader")
    for name in loader.list_available_services("service-2"):
        model = loader.load_service_model(name, "service-2")
        for operation in model["operations"].values():
            prefix = operation.get("endpoint", {}).get("hostPrefix", "")
            if prefix and model["metadata"]["endpointPrefix"] not in ("s3", "s3-control"):
                metadata = model["metadata"]
                yield prefix, metadata["endpointPrefix"], metadata.get("signingName") or metadata["endpointPrefix"]


def plain(label):
    """A label without what FIPS endpoints add to it."""
    return label.removesuffix("-fips").removeprefix("fips-")


def entry(name, signing_name):
    return name if name.lstrip("~@^") == signing_name else f"{name}={signing_name}"


def table_and_hosts():
    table, hosts = set(OTHERS), {}
    for host, service, region, asked in endpoints():
        base = next((host.removesuffix("." + suffix) for suffix in SUFFIXES if host.endswith("." + suffix)), None)
        if base is None:
            continue
        labels = [plain(label) for label in base.split(".") if label not in ("fips", "dualstack")]
        while labels[-1] in ("us-gov", "global") and len(labels) > 1:
            labels.pop()
        if region in labels:
            name = ".".join(labels[: labels.index(region)])
            if labels[-1] != region:
                continue
        else:
            name = "@" + ".".join(labels)
            if asked != "us-east-1" and not ("us-gov" in host and region == "us-gov-west-1"):
                continue
        if name == "@s3":
            continue
        table.add(entry(name, service))
        suffix = host[len(base) :]
        if name.startswith("@") or name in EVERYWHERE or suffix in (".amazonaws.com", ".api.aws"):
            kind = (name, base.replace(region, ""), suffix)
            hosts.setdefault(kind, f"https://{host}/ {service} {region}")
    for prefix, name, signing_name in prefixes():
        if prefix.endswith("."):
            table.add(entry("~" + name, signing_name))
        else:
            table.add(entry(prefix + name, signing_name))
    return sorted(table), sorted(hosts.values())


def main():
    table, hosts = table_and_hosts()
    names = [item.split("=")[0] for item in table]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    text = " ".join(table)
    assert len(text) <= MOST_BYTES, f"{len(text)} bytes"
    keep(TABLE, text + "\n")
    keep(HERE / "hosts.txt", "".join(line + "\n" for line in hosts))
    print(f"{len(table)} names in {len(text)} bytes, {len(hosts)} hosts")


def keep(file, text):
    """Writes a file; with `--check`, fails if its content differs."""
    if sys.argv[1:] != ["--check"]:
        file.write_text(text, encoding="utf-8")
    elif not file.exists() or file.read_text(encoding="utf-8") != text:
        sys.exit(f"{file.name} differs from the output of {sys.argv[0]}")


if __name__ == "__main__":
    main()
