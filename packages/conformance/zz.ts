import { buildStandInImages } from "/work/wt/conform/packages/conformance/src/stand-in-images.ts";
const b="/root/.cache/skiff/tools/bin/";
const t: Parameters<typeof buildStandInImages>[0]={agnhost:b+"agnhost",nnp:b+"nnp",etcd:b+"etcd","sample-apiserver":b+"sample-apiserver",kubectl:"",ginkgo:"","e2e.test":""};
console.log((await buildStandInImages(t)).join("\n"));
