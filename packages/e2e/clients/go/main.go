// What programs do with a cluster, by way of the official Go client. Prints what it saw as JSON.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"
)

const namespace = "client-go"

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func until(what string, test func() bool) {
	done := func(context.Context) (bool, error) { return test(), nil }
	if wait.PollUntilContextTimeout(context.Background(), 100*time.Millisecond, 30*time.Second, true, done) != nil {
		check(fmt.Errorf("%s: not in time", what))
	}
}

func codeOf(err error) int32 {
	if err == nil {
		return 200
	}
	if status, ok := err.(errors.APIStatus); ok {
		return status.Status().Code
	}
	return 0
}

// hello runs a command in the Pod's container.
func hello(config *rest.Config, clients *kubernetes.Clientset, pod string) []string {
	options := &corev1.PodExecOptions{Container: "main", Command: []string{"echo", "hello"}, Stdout: true}
	url := clients.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
		VersionedParams(options, scheme.ParameterCodec).URL()
	executor := must(remotecommand.NewSPDYExecutor(config, "POST", url))
	var output bytes.Buffer
	check(executor.StreamWithContext(context.Background(), remotecommand.StreamOptions{Stdout: &output}))
	return []string{"Success", output.String()}
}

func main() {
	ctx := context.Background()
	config := must(clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG")))
	// As controllers do, whose clients are generated for it; the server answers what it speaks.
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	clients := must(kubernetes.NewForConfig(config))
	core := clients.CoreV1()
	seen := map[string]any{}

	must(core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}))
	// Every namespace gets the account that its Pods run as.
	until("the account", func() bool {
		_, err := core.ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})

	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithNamespace(namespace))
	lister := factory.Core().V1().Pods().Lister()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	running := func() (names []string) {
		for _, pod := range must(lister.List(labels.SelectorFromSet(labels.Set{"app": "web"}))) {
			if pod.Status.Phase == corev1.PodRunning {
				names = append(names, pod.Name)
			}
		}
		return names
	}

	replicas, at, grace := int32(2), map[string]string{"app": "web"}, int64(0)
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: at},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: at},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: &grace,
					Containers: []corev1.Container{{
						Name: "main", Image: "busybox:1.36", Command: []string{"sh", "-c", "echo started; exec sleep 3600"},
					}},
				},
			},
		},
	}
	deployments := clients.AppsV1().Deployments(namespace)
	created := must(deployments.Create(ctx, deployment, metav1.CreateOptions{}))
	until("running Pods", func() bool { return len(running()) == 2 })
	seen["running"] = len(running())

	pod := running()[0]
	seen["log"] = string(must(core.Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(ctx)))
	seen["exec"] = hello(config, clients, pod)

	page := must(core.Pods(namespace).List(ctx, metav1.ListOptions{Limit: 1}))
	rest := must(core.Pods(namespace).List(ctx, metav1.ListOptions{Limit: 1, Continue: page.Continue}))
	seen["pages"] = []any{len(page.Items), len(rest.Items), rest.Continue == ""}

	apply := func(manager, value string) (*corev1.ConfigMap, error) {
		settings := applycore.ConfigMap("settings", namespace).WithData(map[string]string{"level": value})
		return core.ConfigMaps(namespace).Apply(ctx, settings, metav1.ApplyOptions{FieldManager: manager})
	}
	seen["applied"] = must(apply("first", "high")).Data["level"]
	_, err := apply("second", "low")
	seen["conflict"] = codeOf(err)
	created.ResourceVersion = "1"
	_, err = deployments.Update(ctx, created, metav1.UpdateOptions{})
	seen["stale"] = codeOf(err)
	_, err = core.Pods(namespace).Get(ctx, "nobody", metav1.GetOptions{})
	seen["missing"] = codeOf(err)

	must(deployments.Patch(ctx, "web", types.StrategicMergePatchType, []byte(`{"spec":{"replicas":1}}`), metav1.PatchOptions{}))
	until("one Pod less", func() bool { return len(running()) == 1 })
	seen["scaled"] = len(running())

	seen["custom"] = boats(ctx, must(dynamic.NewForConfig(config)))

	check(core.Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{}))
	until("the end of the namespace", func() bool {
		_, err := core.Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		return errors.IsNotFound(err)
	})
	fmt.Println(string(must(json.Marshal(seen))))
}

// boats defines a kind, makes an object of it and answers the specifications of all that there are.
func boats(ctx context.Context, client dynamic.Interface) (found []any) {
	const group = "go.example.com"
	object := func(text string) *unstructured.Unstructured {
		made := &unstructured.Unstructured{}
		check(made.UnmarshalJSON([]byte(text)))
		return made
	}
	definitions := client.Resource(schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	})
	must(definitions.Create(ctx, object(`{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "boats.`+group+`"},
		"spec": {
			"group": "`+group+`", "scope": "Namespaced", "names": {"plural": "boats", "singular": "boat", "kind": "Boat"},
			"versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "properties": {
				"spec": {"type": "object", "properties": {"miles": {"type": "integer"}}}}}}}]
		}
	}`), metav1.CreateOptions{}))
	resource := client.Resource(schema.GroupVersionResource{Group: group, Version: "v1", Resource: "boats"}).Namespace(namespace)
	until("the kind", func() bool {
		_, err := resource.Create(ctx, object(`{
			"apiVersion": "`+group+`/v1", "kind": "Boat", "metadata": {"name": "skiff"}, "spec": {"miles": 240, "unknown": true}
		}`), metav1.CreateOptions{})
		return err == nil
	})
	for _, each := range must(resource.List(ctx, metav1.ListOptions{})).Items {
		found = append(found, each.Object["spec"])
	}
	check(definitions.Delete(ctx, "boats."+group, metav1.DeleteOptions{}))
	return found
}
