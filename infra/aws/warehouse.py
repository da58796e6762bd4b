"""Redshift Serverless: the warehouse of AWS's costs, and who may do what in it.

It sleeps when nobody asks, and costs by the second when somebody does, a minute at least:
https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-billing.html. A usage limit bounds what
a forgotten auto-refresh can cost.
"""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import redshiftdata, redshiftserverless

DATABASE = "costs"
SCHEMA = "llm_costs"
"""The schema of all tables (handlers/warehouses/redshift)."""
LONGEST_QUERY_SECONDS = "900"
"""As long as a Lambda may take."""


class WarehouseArgs(TypedDict):
    """How large it may be, where it stands and who comes in."""

    region: str
    name: str
    """Of namespace and workgroup, unique in account and region."""
    capacity: int
    """RPUs at the start; 4 is the smallest there is, and not in every region."""
    daily_rpu_hours: int
    """When this many are used up, queries are refused until the day ends (UTC)."""
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    copy_role: pulumi.Input[str]
    """The ARN of the role that COPY and UNLOAD reach the staging bucket with."""
    writer_role: str
    """The name of the collector's IAM role."""
    reader_role: str
    """The name of the role that Grafana acts as."""


class Warehouse(pulumi.ComponentResource):
    """Namespace, workgroup, usage limit, and the database users of the two roles.

    The namespace is what holds data: protected, and kept when the stack goes. Its administrator's
    password is made and turned over by AWS in Secrets Manager; the program uses it by reference for
    the grants below, nobody else does.
    """

    workgroup: pulumi.Output[str]
    workgroup_arn: pulumi.Output[str]
    namespace: pulumi.Output[str]
    ready: pulumi.Output[str]
    """The workgroup's name, known once the collector's user may make tables."""

    def __init__(
        self, name: str, args: WarehouseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Warehouse", name, {}, opts)
        options = pulumi.ResourceOptions(parent=self)
        namespace = redshiftserverless.Namespace(
            f"{name}-namespace",
            region=args["region"],
            namespace_name=args["name"],
            db_name=DATABASE,
            manage_admin_password=True,
            iam_roles=[args["copy_role"]],
            log_exports=["userlog", "connectionlog"],
            opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True),
        )
        workgroup = redshiftserverless.Workgroup(
            f"{name}-workgroup",
            region=args["region"],
            workgroup_name=args["name"],
            namespace_name=namespace.namespace_name,
            base_capacity=args["capacity"],
            # More at once is dearer: what waits is a nightly load and a person.
            max_capacity=args["capacity"],
            publicly_accessible=False,
            enhanced_vpc_routing=False,
            subnet_ids=list(args["subnet_ids"]),
            security_group_ids=[args["security_group_id"]],
            config_parameters=[
                {"parameter_key": "require_ssl", "parameter_value": "true"},
                {
                    "parameter_key": "max_query_execution_time",
                    "parameter_value": LONGEST_QUERY_SECONDS,
                },
            ],
            opts=options,
        )
        redshiftserverless.UsageLimit(
            f"{name}-limit",
            region=args["region"],
            resource_arn=workgroup.arn,
            usage_type="serverless-compute",
            period="daily",
            amount=args["daily_rpu_hours"],
            breach_action="deactivate",
            opts=options,
        )
        granted = self._grants(name, args, namespace, workgroup)
        self.workgroup = workgroup.workgroup_name
        self.workgroup_arn = workgroup.arn
        self.namespace = namespace.namespace_name
        self.ready = pulumi.Output.all(workgroup.workgroup_name, granted.id).apply(_first)
        self.register_outputs(
            {
                "workgroup": self.workgroup,
                "workgroup_arn": self.workgroup_arn,
                "namespace": self.namespace,
            }
        )

    def _grants(
        self,
        name: str,
        args: WarehouseArgs,
        namespace: redshiftserverless.Namespace,
        workgroup: redshiftserverless.Workgroup,
    ) -> redshiftdata.Statement:
        """Run ``grants`` one after the other: one call of the Data API takes one statement."""
        made: list[redshiftdata.Statement] = []
        for what, sql in grants(args["writer_role"], args["reader_role"]):
            previous: list[pulumi.Resource] = [*made[-1:]]
            statement = redshiftdata.Statement(
                f"{name}-{what}",
                region=args["region"],
                workgroup_name=workgroup.workgroup_name,
                database=DATABASE,
                secret_arn=namespace.admin_password_secret_arn,
                statement_name=what,
                sql=sql,
                opts=pulumi.ResourceOptions(parent=self, depends_on=previous),
            )
            made.append(statement)
        return made[-1]


def grants(writer: str, reader: str) -> Sequence[tuple[str, str]]:
    """The statements, each with a name, that let two IAM roles in.

    Who signs in by a role of IAM is the user ``IAMR:ROLE``:
    https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-role-permissions.html
    The writer owns the schema, so ``migrate`` makes the tables in it; the reader reads what tables
    there are and will be.
    """
    w, r = f'"IAMR:{writer}"', f'"IAMR:{reader}"'
    return (
        ("writer", f"CREATE USER {w} PASSWORD DISABLE"),
        ("writer-schemas", f"GRANT CREATE ON DATABASE {DATABASE} TO {w}"),
        ("schema", f"CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION {w}"),
        ("reader", f"CREATE USER {r} PASSWORD DISABLE"),
        ("reader-schema", f"GRANT USAGE ON SCHEMA {SCHEMA} TO {r}"),
        (
            "reader-tables",
            f"ALTER DEFAULT PRIVILEGES FOR USER {w} IN SCHEMA {SCHEMA}"
            f" GRANT SELECT ON TABLES TO {r}",
        ),
    )


def _first(values: list[str]) -> str:
    return values[0]
