// franz-go: a client in Go alone.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type parameters struct {
	Bootstrap  string
	Topic      string
	Codec      string
	File       string
	Partitions int32
	Group      *string
	Strategy   string
	Commit     string
	SessionMs  int
}

var out = struct {
	sync.Mutex
	*bufio.Writer
}{Writer: bufio.NewWriterSize(os.Stdout, 1<<20)}

func main() {
	var p parameters
	must(json.Unmarshal([]byte(os.Args[2]), &p))
	if os.Args[1] == "produce" {
		produce(p)
	} else {
		consume(p)
	}
}

func produce(p parameters) {
	codecs := map[string]kgo.CompressionCodec{
		"none":   kgo.NoCompression(),
		"gzip":   kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(),
		"lz4":    kgo.Lz4Compression(),
		"zstd":   kgo.ZstdCompression(),
	}
	client := connect(p,
		kgo.ProducerBatchCompression(codecs[p.Codec]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(20*time.Millisecond),
	)
	file, err := os.ReadFile(p.File)
	must(err)
	lines := bytes.Split(bytes.TrimSuffix(file, []byte("\n")), []byte("\n"))
	for number, line := range lines {
		record := &kgo.Record{Topic: p.Topic, Partition: int32(number) % p.Partitions, Value: line}
		client.Produce(context.Background(), record, func(_ *kgo.Record, err error) { must(err) })
	}
	must(client.Flush(context.Background()))
	client.Close()
	say("done", map[string]any{"count": len(lines)})
}

func consume(p parameters) {
	isManual := p.Commit == "manual"
	start := kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())
	var client *kgo.Client
	if p.Group == nil {
		offsets := map[int32]kgo.Offset{}
		for partition := range p.Partitions {
			offsets[partition] = kgo.NewOffset().AtStart()
		}
		client = connect(p, start, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{p.Topic: offsets}))
		sayPartitions("assigned", offsets)
	} else {
		balancer := kgo.RangeBalancer()
		if p.Strategy == "cooperative" {
			balancer = kgo.CooperativeStickyBalancer()
		}
		told := func(event string) func(context.Context, *kgo.Client, map[string][]int32) {
			return func(ctx context.Context, client *kgo.Client, topics map[string][]int32) {
				if event == "revoked" && client != nil {
					_ = client.CommitUncommittedOffsets(ctx)
				}
				say(event, map[string]any{"partitions": append([]int32{}, topics[p.Topic]...)})
			}
		}
		options := []kgo.Opt{
			start,
			kgo.ConsumerGroup(*p.Group),
			kgo.ConsumeTopics(p.Topic),
			kgo.Balancers(balancer),
			kgo.SessionTimeout(time.Duration(p.SessionMs) * time.Millisecond),
			kgo.RebalanceTimeout(10 * time.Second),
			kgo.HeartbeatInterval(500 * time.Millisecond),
			kgo.AutoCommitInterval(500 * time.Millisecond),
			kgo.BlockRebalanceOnPoll(),
			kgo.OnPartitionsAssigned(told("assigned")),
			kgo.OnPartitionsRevoked(told("revoked")),
			kgo.OnPartitionsLost(told("lost")),
		}
		if isManual {
			options = append(options, kgo.DisableAutoCommit())
		}
		client = connect(p, options...)
	}
	stopping, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	for stopping.Err() == nil {
		fetches := client.PollRecords(stopping, 2000)
		fetches.EachError(func(_ string, _ int32, err error) {
			if stopping.Err() == nil {
				say("error", map[string]any{"message": err.Error()})
			}
		})
		sayRecords(fetches.Records())
		if isManual && p.Group != nil {
			if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
				say("error", map[string]any{"message": err.Error()})
			}
		}
		client.AllowRebalance()
	}
	client.CloseAllowingRebalance()
	say("left", map[string]any{})
}

func connect(p parameters, options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(p.Bootstrap), kgo.FetchMaxWait(200*time.Millisecond))...)
	must(err)
	return client
}

func sayPartitions(event string, offsets map[int32]kgo.Offset) {
	partitions := []int32{}
	for partition := range offsets {
		partitions = append(partitions, partition)
	}
	say(event, map[string]any{"partitions": partitions})
}

func say(event string, details map[string]any) {
	details["event"] = event
	line, err := json.Marshal(details)
	must(err)
	out.Lock()
	defer out.Unlock()
	out.Write(append(line, '\n'))
	must(out.Flush())
}

func sayRecords(records []*kgo.Record) {
	out.Lock()
	defer out.Unlock()
	for _, record := range records {
		fmt.Fprintf(out, "%d %d %s\n", record.Partition, record.Offset, record.Value)
	}
	must(out.Flush())
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
