// Does with Node's clients of aiplatform v1 over REST what their users do with models and endpoints.
//
// Arguments: endpoint, project, URI of the folder of a SavedModel that doubles. It prints what it saw as JSON.
import { EndpointServiceClient, ModelServiceClient, PredictionServiceClient, helpers } from "@google-cloud/aiplatform";
import { OAuth2Client } from "google-auth-library";

const [, , endpoint, project, artifactUri] = process.argv;
const { hostname, port } = new URL(endpoint);
const authClient = new OAuth2Client();
authClient.setCredentials({ access_token: "nobody", expiry_date: Date.now() + 3600 * 1000 });
const options = { apiEndpoint: hostname, port: Number(port), protocol: "http", fallback: true, authClient };
const models = new ModelServiceClient(options);
const endpoints = new EndpointServiceClient(options);
const predictions = new PredictionServiceClient(options);
const parent = `projects/${project}/locations/us-central1`;
const imageUri = "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest";

async function done(call) {
  const [operation] = await call;
  return (await operation.promise())[0];
}

const model = { displayName: "m", artifactUri, containerSpec: { imageUri } };
const uploaded = await done(models.uploadModel({ parent, model }));
const made = await done(endpoints.createEndpoint({ parent, endpoint: { displayName: "e" } }));
const deployedModel = {
  model: uploaded.model,
  dedicatedResources: { machineSpec: { machineType: "n1-standard-2" }, minReplicaCount: 1 },
};
const deploy = { endpoint: made.name, deployedModel, trafficSplit: { 0: 100 } };
const deployed = await done(endpoints.deployModel(deploy));
const [answer] = await predictions.predict({ endpoint: made.name, instances: [helpers.toValue(2)] });
const [found] = await endpoints.getEndpoint({ name: made.name });
await done(endpoints.undeployModel({ endpoint: made.name, deployedModelId: deployed.deployedModel.id }));
await done(endpoints.deleteEndpoint({ name: made.name }));
await done(models.deleteModel({ name: uploaded.model }));
const seen = {
  version: uploaded.modelVersionId,
  predictions: answer.predictions[0].numberValue,
  answered: answer.deployedModelId === deployed.deployedModel.id,
  split: Object.values(found.trafficSplit),
};
console.log(JSON.stringify(seen));
