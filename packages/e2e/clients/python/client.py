"""What programs do with a cluster, by way of the official Python client. Prints what it saw as JSON."""

import json
import time

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

NAMESPACE = "client-python"
config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()
extensions = client.ApiextensionsV1Api()
custom = client.CustomObjectsApi()
seen = {}


def code_of(call):
    try:
        call()
        return 200
    except ApiException as error:
        return error.status


def until(what, test):
    for _ in range(300):
        found = test()
        if found:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not in time")


def quietly(call):
    try:
        return call()
    except ApiException:
        return None


core.create_namespace({"metadata": {"name": NAMESPACE}})
# Every namespace gets the account that its Pods run as.
until("the account", lambda: quietly(lambda: core.read_namespaced_service_account("default", NAMESPACE)))

container = {"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", "echo started; exec sleep 3600"]}
template = {"metadata": {"labels": {"app": "web"}}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]}}
deployment = {"metadata": {"name": "web"}, "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}}
created = apps.create_namespaced_deployment(NAMESPACE, deployment)


def watch_until(count):
    """Follows the Pods from a list on until so many of them run."""
    pods = core.list_namespaced_pod(NAMESPACE, label_selector="app=web")
    running = {pod.metadata.name for pod in pods.items if pod.status.phase == "Running"}
    watcher = watch.Watch()
    version = pods.metadata.resource_version
    if len(running) == count:
        return running
    for event in watcher.stream(
        core.list_namespaced_pod, NAMESPACE, label_selector="app=web", resource_version=version, timeout_seconds=30
    ):
        pod = event["object"]
        if event["type"] == "DELETED":
            running.discard(pod.metadata.name)
        elif pod.status.phase == "Running":
            running.add(pod.metadata.name)
        if len(running) == count:
            watcher.stop()
    return running


running = watch_until(2)
seen["running"] = len(running)

name = min(running)
# The client itself does not decode what is no JSON.
seen["log"] = core.read_namespaced_pod_log(name, NAMESPACE, _preload_content=False).data.decode()
session = stream(
    core.connect_get_namespaced_pod_exec,
    name,
    NAMESPACE,
    command=["echo", "hello"],
    stdin=False,
    stdout=True,
    stderr=True,
    tty=False,
    _preload_content=False,
)
session.run_forever(timeout=20)
seen["exec"] = ["Success" if session.returncode == 0 else "Failure", session.read_stdout()]

page = core.list_namespaced_pod(NAMESPACE, limit=1)
rest = core.list_namespaced_pod(NAMESPACE, limit=1, _continue=page.metadata._continue)
seen["pages"] = [len(page.items), len(rest.items), not rest.metadata._continue]

maps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")


def apply(manager, value):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"level": value}}
    return maps.server_side_apply(body=body, name="settings", namespace=NAMESPACE, field_manager=manager)


seen["applied"] = apply("first", "high").data.level
seen["conflict"] = code_of(lambda: apply("second", "low"))
created.metadata.resource_version = "1"
seen["stale"] = code_of(lambda: apps.replace_namespaced_deployment("web", NAMESPACE, created))
seen["missing"] = code_of(lambda: core.read_namespaced_pod("nobody", NAMESPACE))

apps.patch_namespaced_deployment("web", NAMESPACE, {"spec": {"replicas": 1}})
seen["scaled"] = len(watch_until(1))

group = "python.example.com"
schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"miles": {"type": "integer"}}}}}
definition = {
    "metadata": {"name": f"boats.{group}"},
    "spec": {
        "group": group,
        "scope": "Namespaced",
        "names": {"plural": "boats", "singular": "boat", "kind": "Boat"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
    },
}
extensions.create_custom_resource_definition(definition)
boat = {"apiVersion": f"{group}/v1", "kind": "Boat", "metadata": {"name": "skiff"}, "spec": {"miles": 240, "unknown": True}}
until("the kind", lambda: quietly(lambda: custom.create_namespaced_custom_object(group, "v1", NAMESPACE, "boats", boat)))
boats = custom.list_namespaced_custom_object(group, "v1", NAMESPACE, "boats")
seen["custom"] = [each["spec"] for each in boats["items"]]
extensions.delete_custom_resource_definition(f"boats.{group}")

core.delete_namespace(NAMESPACE)
until("the end of the namespace", lambda: code_of(lambda: core.read_namespace(NAMESPACE)) == 404)
print(json.dumps(seen))
