// Command storage does with Go's client of Cloud Storage what tests/clients/speaking.py asks, line by line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

var schemes = map[string]storage.SigningScheme{"V2": storage.SigningSchemeV2, "V4": storage.SigningSchemeV4}

func main() {
	ctx := context.Background()
	client, err := storage.NewClient(ctx, option.WithEndpoint(os.Args[1]+"/storage/v1/"), option.WithoutAuthentication())
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var words []string
		if err := json.Unmarshal(lines.Bytes(), &words); err != nil {
			panic(err)
		}
		value, err := run(ctx, client, words[0], words[1:])
		answer := map[string]any{"value": value}
		if err != nil {
			answer = map[string]any{"error": err.Error()}
		}
		if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
			panic(err)
		}
	}
}

func run(ctx context.Context, client *storage.Client, command string, args []string) (any, error) {
	switch command {
	case "notifications":
		found, err := client.Bucket(args[0]).Notifications(ctx)
		return len(found), err
	case "hmac":
		return countKeys(client.ListHMACKeys(ctx, args[0]))
	case "make-hmac":
		_, err := client.CreateHMACKey(ctx, args[0], "nobody@example.com")
		return nil, err
	case "make-bucket":
		return nil, client.Bucket(args[1]).SetObjectRetention(true).Create(ctx, args[0], nil)
	case "list":
		return names(client.Bucket(args[0]).Objects(ctx, &storage.Query{MatchGlob: args[1]}))
	}
	return onObject(ctx, client.Bucket(args[0]), client.Bucket(args[0]).Object(args[1]), command, args[2:])
}

func onObject(ctx context.Context, bucket *storage.BucketHandle, object *storage.ObjectHandle, command string, args []string) (any, error) {
	switch command {
	case "write":
		return nil, write(ctx, object, args[0], args[1])
	case "read":
		return read(ctx, object, number(args[0]), number(args[1]))
	case "read-if":
		return read(ctx, object.If(storage.Conditions{GenerationMatch: number(args[0])}), 0, -1)
	case "read-with-key":
		return read(ctx, object.Key(make([]byte, 32)), 0, -1)
	case "compose":
		_, err := object.ComposerFrom(bucket.Object(args[0]), bucket.Object(args[1])).Run(ctx)
		return nil, err
	case "hold":
		_, err := object.Update(ctx, storage.ObjectAttrsToUpdate{TemporaryHold: args[0] == "on"})
		return nil, err
	case "retain":
		until := storage.ObjectRetention{Mode: args[0], RetainUntil: time.Now().Add(time.Hour)}
		_, err := object.Update(ctx, storage.ObjectAttrsToUpdate{Retention: &until})
		return nil, err
	case "delete":
		return nil, object.Delete(ctx)
	case "sign":
		return sign(bucket, object.ObjectName(), schemes[args[0]], time.Duration(number(args[1]))*time.Second, args[2])
	}
	return nil, fmt.Errorf("unknown command %q", command)
}

func write(ctx context.Context, object *storage.ObjectHandle, file, chunk string) error {
	source, err := os.Open(file)
	if err != nil {
		return err
	}
	defer source.Close()
	target := object.NewWriter(ctx)
	target.ChunkSize = int(number(chunk))
	if _, err := io.Copy(target, source); err != nil {
		return err
	}
	return target.Close()
}

func read(ctx context.Context, object *storage.ObjectHandle, offset, length int64) ([]byte, error) {
	source, err := object.NewRangeReader(ctx, offset, length)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	return io.ReadAll(source)
}

func sign(bucket *storage.BucketHandle, name string, scheme storage.SigningScheme, last time.Duration, keyFile string) (string, error) {
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return "", err
	}
	return bucket.SignedURL(name, &storage.SignedURLOptions{
		GoogleAccessID: "signer@example.com", PrivateKey: key, Method: "GET", Scheme: scheme, Insecure: true,
		Expires: time.Now().Add(last), Hostname: strings.TrimPrefix(os.Args[1], "http://"),
	})
}

func names(objects *storage.ObjectIterator) ([]string, error) {
	found := []string{}
	for {
		attributes, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		found = append(found, attributes.Name)
	}
}

func countKeys(keys *storage.HMACKeysIterator) (int, error) {
	for count := 0; ; count++ {
		if _, err := keys.Next(); errors.Is(err, iterator.Done) {
			return count, nil
		} else if err != nil {
			return 0, err
		}
	}
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return value
}
