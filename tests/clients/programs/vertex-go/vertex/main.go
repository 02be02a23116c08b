// Command vertex does with Go's REST clients of aiplatform v1beta1 what their users do with models and endpoints.
//
// Arguments: endpoint, project, URI of the folder of a SavedModel that doubles. It prints what it saw as JSON.
package main

import (
	"context"
	"encoding/json"
	"os"

	aiplatform "cloud.google.com/go/aiplatform/apiv1beta1"
	pb "cloud.google.com/go/aiplatform/apiv1beta1/aiplatformpb"
	"google.golang.org/api/option"
	"google.golang.org/protobuf/types/known/structpb"
)

const image = "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx, parent := context.Background(), "projects/"+os.Args[2]+"/locations/us-central1"
	options := []option.ClientOption{option.WithEndpoint(os.Args[1]), option.WithoutAuthentication()}
	models := must(aiplatform.NewModelRESTClient(ctx, options...))
	endpoints := must(aiplatform.NewEndpointRESTClient(ctx, options...))
	predictions := must(aiplatform.NewPredictionRESTClient(ctx, options...))

	model := &pb.Model{DisplayName: "m", ArtifactUri: os.Args[3], ContainerSpec: &pb.ModelContainerSpec{ImageUri: image}}
	upload := must(models.UploadModel(ctx, &pb.UploadModelRequest{Parent: parent, Model: model}))
	uploaded := must(upload.Wait(ctx))
	create := &pb.CreateEndpointRequest{Parent: parent, Endpoint: &pb.Endpoint{DisplayName: "e"}}
	endpoint := must(must(endpoints.CreateEndpoint(ctx, create)).Wait(ctx))
	resources := &pb.DedicatedResources{
		MachineSpec:         &pb.MachineSpec{MachineType: "n1-standard-2"},
		MaxReplicaCount:     1,
		InitialReplicaCount: 1,
	}
	deployed := &pb.DeployedModel{
		Model:               uploaded.Model,
		PredictionResources: &pb.DeployedModel_DedicatedResources{DedicatedResources: resources},
	}
	deploy := &pb.DeployModelRequest{
		Endpoint: endpoint.Name, DeployedModel: deployed, TrafficSplit: map[string]int32{"0": 100},
	}
	done := must(must(endpoints.DeployModel(ctx, deploy)).Wait(ctx))
	request := &pb.PredictRequest{Endpoint: endpoint.Name, Instances: []*structpb.Value{structpb.NewNumberValue(2)}}
	answer := must(predictions.Predict(ctx, request))
	found := must(endpoints.GetEndpoint(ctx, &pb.GetEndpointRequest{Name: endpoint.Name}))
	undeploy := &pb.UndeployModelRequest{Endpoint: endpoint.Name, DeployedModelId: done.DeployedModel.Id}
	must(must(endpoints.UndeployModel(ctx, undeploy)).Wait(ctx))
	if err := must(endpoints.DeleteEndpoint(ctx, &pb.DeleteEndpointRequest{Name: endpoint.Name})).Wait(ctx); err != nil {
		panic(err)
	}
	must(0, must(models.DeleteModel(ctx, &pb.DeleteModelRequest{Name: uploaded.Model})).Wait(ctx))
	seen := map[string]any{
		"version":     uploaded.ModelVersionId,
		"predictions": answer.Predictions[0].GetNumberValue(),
		"answered":    answer.DeployedModelId == done.DeployedModel.Id,
		"initial":     found.DeployedModels[0].GetDedicatedResources().InitialReplicaCount,
	}
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		panic(err)
	}
}
