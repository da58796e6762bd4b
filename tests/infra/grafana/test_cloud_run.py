import json
from dataclasses import replace
from typing import Any

from dashboards.documents import documents
from dashboards.provisioning import digest, image_files
from handlers.record import Cloud
from infra.grafana.cloud_run import PORT
from tests.infra.grafana.parts import (
    HUB,
    READER,
    on_cloud_run,
    one,
    previewed,
    recorded_cloud_run,
)

SERVICE = "gcp:cloudrunv2/service:Service"
JOB = "gcp:cloudrunv2/job:Job"


def service() -> dict[str, Any]:
    return dict(one(recorded_cloud_run(), SERVICE).inputs)


def container() -> dict[str, Any]:
    (found,) = service()["template"]["containers"]
    return found


def environment() -> dict[str, str]:
    return {each["name"]: each["value"] for each in container()["envs"]}


def test_only_the_proxy_reaches_the_service_and_only_viewers_pass_the_proxy() -> None:
    found = recorded_cloud_run()
    assert one(found, SERVICE).inputs["iapEnabled"] is True
    invoker = one(found, "gcp:cloudrunv2/serviceIamMember:ServiceIamMember").inputs
    assert invoker["role"] == "roles/run.invoker"
    assert invoker["member"] == "serviceAccount:grafana-proxy@recorded.iam.gserviceaccount.com"
    viewers = found.of_type("gcp:iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember")
    assert {(each.inputs["member"], each.inputs["role"]) for each in viewers} == {
        ("domain:example.com", "roles/iap.httpsResourceAccessor"),
        ("group:finops@example.com", "roles/iap.httpsResourceAccessor"),
    }


def test_it_costs_nothing_while_nobody_looks_and_never_runs_twice() -> None:
    template = service()["template"]
    assert template["scaling"] == {"minInstanceCount": 0, "maxInstanceCount": 1}
    assert container()["resources"]["cpuIdle"] is True


def test_it_queries_as_the_reader_and_holds_no_secret() -> None:
    assert service()["template"]["serviceAccount"] == READER
    assert not {name for name in environment() if "PASSWORD" in name or "SECRET_KEY" in name}


def test_grafana_lets_in_whom_the_proxy_signs_for_this_service_as_a_viewer() -> None:
    said = environment()
    assert json.loads(said["GF_AUTH_JWT_EXPECT_CLAIMS"]) == {
        "aud": "/projects/123456789012/locations/europe-west3/services/ai-cost-grafana",
        "iss": "https://cloud.google.com/iap",
    }
    assert said["GF_AUTH_JWT_HEADER_NAME"] == "X-Goog-IAP-JWT-Assertion"
    assert said["GF_AUTH_JWT_ROLE_ATTRIBUTE_PATH"] == "'Viewer'"
    for way in ("GF_AUTH_ANONYMOUS_ENABLED", "GF_AUTH_BASIC_ENABLED"):
        assert said[way] == "false"
    assert said["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert said["GF_UNIFIED_ALERTING_ENABLED"] == "false"


def test_the_address_is_known_before_the_service_is() -> None:
    url = "https://ai-cost-grafana-123456789012.europe-west3.run.app"
    assert recorded_cloud_run().outputs["url"] == url
    assert environment()["GF_SERVER_ROOT_URL"] == url
    assert container()["ports"] == {"containerPort": PORT}


def test_the_image_is_named_by_what_is_in_it_and_built_once_for_it() -> None:
    found = recorded_cloud_run()
    tag = digest(image_files(HUB))
    assert container()["image"] == (
        f"europe-west3-docker.pkg.dev/demo-costs/ai-cost-jobs/grafana:{tag}"
    )
    job = one(found, JOB)
    assert job.inputs["runExecutionToken"] == tag
    assert len(job.inputs["name"]) + len(tag) < 63
    assert (
        one(found, "gcp:storage/bucketObject:BucketObject").inputs["name"] == f"grafana/{tag}.zip"
    )
    assert job.urn in one(found, SERVICE).dependencies


def test_the_build_runs_as_the_builder_and_takes_its_files_from_the_bucket() -> None:
    (made,) = one(recorded_cloud_run(), JOB).inputs["template"]["template"]["containers"]
    said = {each["name"]: each["value"] for each in made["envs"]}
    build = json.loads(said["BUILD"])
    tag = digest(image_files(HUB))
    assert f"gs://demo-costs-ai-cost-bundles/grafana/{tag}.zip " in build["steps"][0]["args"][1]
    assert build["images"] == [container()["image"]]
    assert f"--tag={container()['image']}" in build["steps"][1]["args"]
    assert build["serviceAccount"].endswith("/build@demo-costs.iam.gserviceaccount.com")
    assert build["options"] == {"logging": "CLOUD_LOGGING_ONLY"}


def test_the_image_has_the_dashboards_the_data_source_and_the_plugin() -> None:
    files = image_files(HUB)
    for uid, text in documents(HUB).items():
        assert files[f"dashboards/{uid}.json"] == text
    (source,) = json.loads(files["provisioning/datasources/hub.yaml"])["datasources"]
    assert (source["uid"], source["editable"]) == ("ai-cost-hub", False)
    assert source["jsonData"]["authenticationType"] == "gce"
    assert "secureJsonData" not in source
    (provider,) = json.loads(files["provisioning/dashboards/hub.yaml"])["providers"]
    assert provider["allowUiUpdates"] is False
    docker = files["Dockerfile"]
    assert docker.startswith("FROM grafana/grafana:")
    assert "plugins install grafana-bigquery-datasource 3.4.8" in docker
    assert f"COPY dashboards {provider['options']['path']}" in docker
    assert docker.rstrip().endswith("USER grafana")


def test_another_content_is_another_image_and_the_same_content_the_same() -> None:
    assert digest(image_files(HUB)) == digest(image_files(replace(HUB)))
    assert digest(image_files(HUB)) != digest(image_files(replace(HUB, location="US")))
    assert digest(image_files(HUB)) != digest(image_files(replace(HUB, clouds=(Cloud.GCP,))))
    assert digest({"a": "b", "c": ""}) != digest({"a": "", "c": "b"})


def test_everything_has_a_parent_a_provider_and_registered_outputs() -> None:
    for found in (recorded_cloud_run(), previewed(on_cloud_run)):
        for each in found.resources:
            if each.custom and not each.is_provider:
                assert "ai-cost-monitoring:grafana:" in each.parent, each.urn
                assert each.provider, each.urn
            elif not each.custom:
                assert each.urn in found.registered_outputs
