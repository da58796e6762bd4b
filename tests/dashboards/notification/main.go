// Fills Grafana's notification template as Grafana does: standard input has the template, the name of
// what it defines, and the alerts. The types are those that its reference names
// (https://grafana.com/docs/grafana/latest/alerting/configure-notifications/template-notifications/reference/).
package main

import (
	"encoding/json"
	"log"
	"os"
	"sort"
	"text/template"
)

type KV map[string]string

type Pair struct{ Name, Value string }

func (kv KV) SortedPairs() []Pair {
	pairs := make([]Pair, 0, len(kv))
	for name, value := range kv {
		pairs = append(pairs, Pair{name, value})
	}
	sort.Slice(pairs, func(i, j int) bool { return pairs[i].Name < pairs[j].Name })
	return pairs
}

type Alert struct {
	Status      string
	Labels      KV
	Annotations KV
	PanelURL    string
}

type Alerts []Alert

func (alerts Alerts) with(status string) Alerts {
	found := Alerts{}
	for _, alert := range alerts {
		if alert.Status == status {
			found = append(found, alert)
		}
	}
	return found
}

func (alerts Alerts) Firing() Alerts { return alerts.with("firing") }

func (alerts Alerts) Resolved() Alerts { return alerts.with("resolved") }

func main() {
	var asked struct {
		Template, Name string
		Alerts         Alerts
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		log.Fatal(err)
	}
	made, err := template.New("group").Parse(asked.Template)
	if err != nil {
		log.Fatal(err)
	}
	data := struct{ Alerts Alerts }{asked.Alerts}
	if err := made.ExecuteTemplate(os.Stdout, asked.Name, data); err != nil {
		log.Fatal(err)
	}
}
