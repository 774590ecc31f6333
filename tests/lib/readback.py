#!/usr/bin/env python3
"""Describes resources on a server with boto3, independently of this project: JSON with sorted keys and arrays.

    readback.py --url URL --region REGION --key-id ID --secret SECRET WHAT NAME...

    role NAME                  exists, arn, trust, tags, inline, attached, instance_profiles
    instance-profile NAME      exists, tags, roles
    association INSTANCE_ID    profiles
    task-definition FAMILY     exists, active; of the newest active one: task_role_arn, tags
    tasks CLUSTER FAMILY       tasks: task_role_override, tags, last_status
    oidc-provider URL          exists, client_ids, tags
    user-pool NAME             exists, id, tags, clients: name, id, has_secret, flows; users: name, status
    identity-pool NAME         exists, id, tags, unauthenticated, classic, providers: name, client_id; login_providers,
                               oidc, roles; for moto, which does not return them, classic and roles are null
    object BUCKET KEY          exists, body

For a resource that does not exist, `exists` is the only member. Two pools of the same name are an error.
"""

import argparse
import json
import os
import sys

from botocore.exceptions import ClientError

import servers


def role(aws, name):
    iam = aws("iam")
    if not (reply := unless("NoSuchEntity", iam.get_role, RoleName=name)):
        return None
    found = reply["Role"]
    attached = every(iam, "list_attached_role_policies", RoleName=name)
    within = every(iam, "list_instance_profiles_for_role", RoleName=name)
    document = lambda policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    return {
        "exists": True,
        "arn": found["Arn"],
        "trust": found["AssumeRolePolicyDocument"],
        "tags": tags(found.get("Tags")),
        "inline": {policy: document(policy) for policy in every(iam, "list_role_policies", RoleName=name)},
        "attached": sorted(policy["PolicyArn"] for policy in attached),
        "instance_profiles": sorted(profile["InstanceProfileName"] for profile in within),
    }


def instance_profile(aws, name):
    if not (reply := unless("NoSuchEntity", aws("iam").get_instance_profile, InstanceProfileName=name)):
        return None
    found = reply["InstanceProfile"]
    roles = sorted(role["RoleName"] for role in found["Roles"])
    return {"exists": True, "tags": tags(found.get("Tags")), "roles": roles}


def association(aws, instance):
    # Past associations stay listed for a while.
    filters = [{"Name": "instance-id", "Values": [instance]}]
    found = every(aws("ec2"), "describe_iam_instance_profile_associations", Filters=filters)
    present = (one for one in found if one["State"] in ("associating", "associated"))
    return {"profiles": sorted(one["IamInstanceProfile"]["Arn"] for one in present)}


def task_definition(aws, family):
    ecs = aws("ecs")
    # ministack lists every family with this prefix.
    listed = every(ecs, "list_task_definitions", familyPrefix=family, status="ACTIVE")
    active = [arn for arn in listed if arn.partition("/")[2].rpartition(":")[0] == family]
    if not active:
        return None
    active.sort(key=lambda arn: int(arn.rpartition(":")[2]))
    newest = ecs.describe_task_definition(taskDefinition=active[-1], include=["TAGS"])
    role = newest["taskDefinition"].get("taskRoleArn")
    return {"exists": True, "active": active, "task_role_arn": role, "tags": tags(newest.get("tags"))}


def tasks(aws, cluster, family):
    ecs = aws("ecs")
    listed = lambda status: every(ecs, "list_tasks", cluster=cluster, family=family, desiredStatus=status)
    arns = {*listed("RUNNING"), *listed("STOPPED")}
    about = lambda task: {
        "task_role_override": task["overrides"].get("taskRoleArn"),
        "tags": tags(task.get("tags")),
        "last_status": task["lastStatus"],
    }
    described = arns and ecs.describe_tasks(cluster=cluster, tasks=list(arns), include=["TAGS"])["tasks"]
    return {"tasks": in_order(about, described)}


def oidc_provider(aws, url):
    iam = aws("iam")
    name = url.removeprefix("https://")
    for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        if provider["Arn"].partition("/")[2] == name:
            found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
            ids = sorted(found["ClientIDList"])
            return {"exists": True, "client_ids": ids, "tags": tags(found.get("Tags"))}
    return None


def user_pool(aws, name):
    idp = aws("cognito-idp")
    pools = every(idp, "list_user_pools", MaxResults=60)
    if not (pool := only(pool["Id"] for pool in pools if pool["Name"] == name)):
        return None

    def client(listed):
        found = idp.describe_user_pool_client(UserPoolId=pool, ClientId=listed["ClientId"])["UserPoolClient"]
        about = {"name": found["ClientName"], "id": found["ClientId"], "has_secret": "ClientSecret" in found}
        return {**about, "flows": sorted(found.get("ExplicitAuthFlows", []))}

    clients = every(idp, "list_user_pool_clients", UserPoolId=pool, MaxResults=60)
    user = lambda found: {"name": found["Username"], "status": found["UserStatus"]}
    return {
        "exists": True,
        "id": pool,
        "tags": idp.describe_user_pool(UserPoolId=pool)["UserPool"].get("UserPoolTags", {}),
        "clients": in_order(client, clients),
        "users": in_order(user, every(idp, "list_users", UserPoolId=pool)),
    }


def identity_pool(aws, name):
    identity = aws("cognito-identity")
    pools = every(identity, "list_identity_pools", MaxResults=60)
    if not (pool := only(pool["IdentityPoolId"] for pool in pools if pool["IdentityPoolName"] == name)):
        return None
    found = identity.describe_identity_pool(IdentityPoolId=pool)
    provider = lambda found: {"name": found["ProviderName"], "client_id": found["ClientId"]}
    # moto answers 500 to unimplemented operations.
    roles = unless("500", identity.get_identity_pool_roles, IdentityPoolId=pool)
    return {
        "exists": True,
        "id": pool,
        "tags": found.get("IdentityPoolTags", {}),
        "unauthenticated": found["AllowUnauthenticatedIdentities"],
        "classic": found.get("AllowClassicFlow"),
        "providers": in_order(provider, found.get("CognitoIdentityProviders", [])),
        "login_providers": found.get("SupportedLoginProviders", {}),
        "oidc": sorted(found.get("OpenIdConnectProviderARNs", [])),
        "roles": roles and roles.get("Roles", {}),
    }


def stored_object(aws, bucket, key):
    reply = unless("NoSuchKey", aws("s3").get_object, Bucket=bucket, Key=key)
    return reply and {"exists": True, "body": reply["Body"].read().decode()}


def unless(code, operation, **given):
    """Returns the operation's response, or None if it fails with this code."""
    try:
        return operation(**given)
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise


def every(client, operation, **given):
    (items,) = client.get_paginator(operation).paginate(**given).build_full_result().values()
    return items


def only(ids):
    if len(ids := list(ids)) > 1:
        sys.exit(f"readback.py: several pools of the same name: {', '.join(ids)}")
    return ids[0] if ids else None


def tags(listed):
    # IAM capitalizes the members of a tag, ECS does not.
    pairs = ({key.lower(): value for key, value in tag.items()} for tag in listed or [])
    return {pair["key"]: pair["value"] for pair in pairs}


def in_order(about, found):
    return sorted(map(about, found), key=lambda member: json.dumps(member, sort_keys=True))


WHATS = [role, instance_profile, association, task_definition, tasks, oidc_provider, user_pool]
WHATS = {what.__name__.replace("_", "-"): what for what in [*WHATS, identity_pool]}
WHATS["object"] = stored_object


def read(aws, what, *names):
    return WHATS[what](aws, *names) or {"exists": False}


def main():
    parser = argparse.ArgumentParser()
    for option in ("--url", "--region", "--key-id", "--secret"):
        parser.add_argument(option, required=True)
    parser.add_argument("what", choices=WHATS)
    parser.add_argument("name", nargs="+")
    given = parser.parse_args()
    servers.isolate()
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    aws = lambda service: servers.connect(given.url, given.region, service, given.key_id, given.secret)
    print(json.dumps(read(aws, given.what, *given.name), indent=2, sort_keys=True))


if __name__ == "__main__":
    main()
