#!/usr/bin/env python3
"""Computes operations.json with botocore: requests and responses of the provisioning operations.

    operations.py           writes operations.json
    operations.py --check   fails if operations.json differs from the output of this script

Each case has the signing name of the `service`, the `operation`, the `body` that botocore's serializer makes of its
arguments, in the order in which this project sends them, the `target` of a JSON service, and a `reply` with every
member of the service model, and one element in each list, so that all members that are kept must be in it.
"""

import json
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import botocore.session
from botocore.serialize import create_serializer

from generate import keep

SESSION = botocore.session.get_session()
POLICY = '{"Version":"2012-10-17","Statement":[]}'
TAG = [{"Key": "rolecall:setup", "Value": "ec2-role/gateway & Straße"}]
ROLE = "arn:aws:iam::123456789012:role/gateway"
MANAGED = "arn:aws:iam::aws:policy/ReadOnlyAccess"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/issuer.example.com"
USER_POOL, IDENTITY_POOL = "eu-west-1_aBcDeFgHi", "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d"
LOGINS = {
    "AllowUnauthenticatedIdentities": True,
    "AllowClassicFlow": False,
    "CognitoIdentityProviders": [
        {
            "ProviderName": f"cognito-idp.eu-west-1.amazonaws.com/{USER_POOL}",
            "ClientId": "client",
            "ServerSideTokenCheck": True,
        }
    ],
    "SupportedLoginProviders": {"graph.facebook.com": "7346241598935552"},
    "OpenIdConnectProviderARNs": [PROVIDER],
}
TAGS = {"rolecall:setup": "cognito/app"}
EMAIL = [{"Name": "email", "Value": "ada@example.com"}]

ARGUMENTS = {
    "iam": {
        "CreateRole": {
            "RoleName": "gateway",
            "AssumeRolePolicyDocument": POLICY,
            "Description": "a gateway",
            "MaxSessionDuration": 7200,
            "Tags": TAG,
        },
        "GetRole": {"RoleName": "gateway"},
        "UpdateRole": {"RoleName": "gateway", "Description": "a gateway", "MaxSessionDuration": 7200},
        "UpdateAssumeRolePolicy": {"RoleName": "gateway", "PolicyDocument": POLICY},
        "PutRolePolicy": {"RoleName": "gateway", "PolicyName": "own", "PolicyDocument": POLICY},
        "AttachRolePolicy": {"RoleName": "gateway", "PolicyArn": MANAGED},
        "ListRolePolicies": {"RoleName": "gateway"},
        "ListAttachedRolePolicies": {"RoleName": "gateway"},
        "ListInstanceProfilesForRole": {"RoleName": "gateway"},
        "DeleteRolePolicy": {"RoleName": "gateway", "PolicyName": "own"},
        "DetachRolePolicy": {"RoleName": "gateway", "PolicyArn": MANAGED},
        "DeleteRole": {"RoleName": "gateway"},
        "TagRole": {"RoleName": "gateway", "Tags": TAG},
        "CreateInstanceProfile": {"InstanceProfileName": "gateway", "Tags": TAG},
        "GetInstanceProfile": {"InstanceProfileName": "gateway"},
        "AddRoleToInstanceProfile": {"InstanceProfileName": "gateway", "RoleName": "gateway"},
        "RemoveRoleFromInstanceProfile": {"InstanceProfileName": "gateway", "RoleName": "gateway"},
        "DeleteInstanceProfile": {"InstanceProfileName": "gateway"},
        "CreateOpenIDConnectProvider": {
            "Url": "https://issuer.example.com",
            "ClientIDList": ["one", "two"],
            "ThumbprintList": ["0" * 40],
            "Tags": TAG,
        },
        "GetOpenIDConnectProvider": {"OpenIDConnectProviderArn": PROVIDER},
        "DeleteOpenIDConnectProvider": {"OpenIDConnectProviderArn": PROVIDER},
    },
    "ec2": {
        "AssociateIamInstanceProfile": {"InstanceId": "i-1", "IamInstanceProfile": {"Name": "gateway"}},
        "ReplaceIamInstanceProfileAssociation": {
            "AssociationId": "iip-assoc-1",
            "IamInstanceProfile": {"Name": "gateway"},
        },
        "DescribeIamInstanceProfileAssociations": {
            "Filters": [{"Name": "instance-id", "Values": ["i-1"]}],
            "MaxResults": 100,
            "NextToken": "more",
        },
        "DisassociateIamInstanceProfile": {"AssociationId": "iip-assoc-1"},
    },
    "ecs": {
        "RegisterTaskDefinition": {
            "family": "task",
            "taskRoleArn": ROLE,
            "executionRoleArn": ROLE,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [
                {"name": "task", "image": "busybox", "essential": True, "memory": 128, "command": ["sleep", '"1"']}
            ],
            "tags": [{"key": "rolecall:setup", "value": "ecs-role/task"}],
        },
        "DescribeTaskDefinition": {"taskDefinition": "task", "include": ["TAGS"]},
        "ListTaskDefinitions": {"familyPrefix": "task", "status": "ACTIVE", "nextToken": "more"},
        "DeregisterTaskDefinition": {"taskDefinition": "task:1"},
        "RunTask": {
            "cluster": "cluster",
            "taskDefinition": "task",
            "launchType": "FARGATE",
            "overrides": {"taskRoleArn": ROLE},
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": ["subnet-1"],
                    "securityGroups": ["sg-1"],
                    "assignPublicIp": "ENABLED",
                }
            },
            "tags": [{"key": "rolecall:setup", "value": "ecs-role/task"}],
            "clientToken": "once",
        },
        "ListTasks": {"cluster": "cluster", "family": "task", "nextToken": "more"},
        "DescribeTasks": {"cluster": "cluster", "tasks": ["task-arn"], "include": ["TAGS"]},
        "StopTask": {"cluster": "cluster", "task": "task-arn"},
    },
    "cognito-idp": {
        "CreateUserPool": {"PoolName": "app", "AutoVerifiedAttributes": ["email"], "UserPoolTags": TAGS},
        "DescribeUserPool": {"UserPoolId": USER_POOL},
        "ListUserPools": {"MaxResults": 60, "NextToken": "more"},
        "CreateUserPoolClient": {
            "UserPoolId": USER_POOL,
            "ClientName": "app",
            "GenerateSecret": True,
            "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
        },
        "DescribeUserPoolClient": {"UserPoolId": USER_POOL, "ClientId": "client"},
        "ListUserPoolClients": {"UserPoolId": USER_POOL, "MaxResults": 60},
        "AdminCreateUser": {
            "UserPoolId": USER_POOL,
            "Username": "ada",
            "UserAttributes": EMAIL,
            "MessageAction": "SUPPRESS",
        },
        "AdminSetUserPassword": {"UserPoolId": USER_POOL, "Username": "ada", "Password": 'pass"word', "Permanent": True},
        "SignUp": {
            "ClientId": "client",
            "SecretHash": "hash",
            "Username": "ada",
            "Password": 'pass"word',
            "UserAttributes": EMAIL,
        },
        "ConfirmSignUp": {"ClientId": "client", "SecretHash": "hash", "Username": "ada", "ConfirmationCode": "123456"},
        "DeleteUserPool": {"UserPoolId": USER_POOL},
    },
    "cognito-identity": {
        "CreateIdentityPool": {"IdentityPoolName": "app", **LOGINS, "IdentityPoolTags": TAGS},
        "DescribeIdentityPool": {"IdentityPoolId": IDENTITY_POOL},
        "UpdateIdentityPool": {
            "IdentityPoolId": IDENTITY_POOL,
            "IdentityPoolName": "app",
            **LOGINS,
            "IdentityPoolTags": TAGS,
        },
        "ListIdentityPools": {"MaxResults": 60},
        "SetIdentityPoolRoles": {
            "IdentityPoolId": IDENTITY_POOL,
            "Roles": {"authenticated": ROLE, "unauthenticated": ROLE},
        },
        "DeleteIdentityPool": {"IdentityPoolId": IDENTITY_POOL},
    },
}


def cases():
    for service, operations in ARGUMENTS.items():
        for operation, arguments in operations.items():
            yield case(service, operation, arguments)


def case(service, operation, arguments):
    model = SESSION.get_service_model(service)
    protocol = model.metadata["protocol"]
    shape = model.operation_model(operation)
    request = create_serializer(protocol, include_validation=True).serialize_to_request(arguments, shape)
    made = {"name": f"{service} {operation}", "service": model.signing_name, "operation": operation}
    if protocol == "json":
        made |= {"target": request["headers"]["X-Amz-Target"], "body": request["body"].decode()}
        made["reply"] = json.dumps(document(shape.output_shape) if shape.output_shape else {})
    else:
        made["body"] = urlencode(request["body"])
        inner = elements(shape.output_shape) if shape.output_shape else ""
        if protocol == "query":
            inner = f"<{operation}Result>{inner}</{operation}Result>"
        made["reply"] = f"<{operation}Response>{inner}</{operation}Response>"
    return made


def document(shape, name="text", depth=0):
    if shape.type_name == "structure":
        return {key: document(member, key, depth + 1) for key, member in shape.members.items() if depth < 6}
    if shape.type_name == "list":
        return [document(shape.member, name, depth + 1)]
    if shape.type_name == "map":
        return {f"a {name}": document(shape.value, name, depth + 1)}
    return scalar(shape, name)


def elements(shape, depth=0):
    return "".join(
        element(member.serialization.get("name", key), member, key, depth + 1)
        for key, member in shape.members.items()
        if depth < 6
    )


def element(tag, shape, name, depth):
    if shape.type_name == "structure":
        return f"<{tag}>{elements(shape, depth)}</{tag}>"
    if shape.type_name == "list":
        inner = element(shape.member.serialization.get("name", "member"), shape.member, name, depth + 1)
        return f"<{tag}>{inner}</{tag}>"
    return f"<{tag}>{escape(str(scalar(shape, name)))}</{tag}>"


def scalar(shape, name):
    if shape.type_name == "boolean":
        return True
    if shape.type_name in ("integer", "long", "double", "float"):
        return 3
    if shape.type_name == "timestamp":
        return 1795569011
    return f"some {name}"


if __name__ == "__main__":
    keep("operations.json", list(cases()))
