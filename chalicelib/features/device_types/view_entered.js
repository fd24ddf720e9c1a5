// A device type as a form holds it, where everything is a text, and as the API takes it.

let latest = 0;

/** A metric of which nothing is said yet; *key* names its lines in the form. */
export function newMetric() {
  latest += 1;
  return {
    key: latest, name: "", label: "", description: "", parameterId: "", unit: "", dataType: "number", minimum: "", maximum: "",
    isComputed: false, expression: "", isConverted: false, scale: "1", offset: "0", fromUnit: "",
    path: "", isUsualSaid: false, usualMinimum: "", usualMaximum: "", changePerMinute: "", isDeviationWatched: true,
  };
}

export function asEntered({ name, description, reportingIntervalSeconds, timestampPath, metrics }) {
  return { name, description: description ?? "", interval: String(reportingIntervalSeconds), timestampPath: timestampPath ?? "", metrics: metrics.map(metricAsEntered) };
}

function metricAsEntered(metric) {
  const text = (value) => (value === null || value === undefined ? "" : String(value));
  const { conversion, expression, usual } = metric;
  return {
    ...newMetric(),
    ...Object.fromEntries(["name", "label", "description", "parameterId", "unit", "dataType", "minimum", "maximum", "path"].map((name) => [name, text(metric[name])])),
    isComputed: expression !== null,
    expression: text(expression),
    isConverted: conversion !== null,
    scale: text(conversion?.scale ?? 1),
    offset: text(conversion?.offset ?? 0),
    fromUnit: text(conversion?.fromUnit),
    isUsualSaid: usual !== null,
    usualMinimum: text(usual?.minimum),
    usualMaximum: text(usual?.maximum),
    changePerMinute: text(usual?.changePerMinute),
    isDeviationWatched: usual?.deviation ?? true,
  };
}

/** What is empty is null. A metric keeps its parameter, under whatever name. */
export function asSent({ name, description, interval, timestampPath, metrics }) {
  return {
    name: name.trim(),
    description: textOf(description),
    reportingIntervalSeconds: Number(interval),
    timestampPath: textOf(timestampPath),
    metrics: metrics.map(metricAsSent),
  };
}

function metricAsSent(metric) {
  return {
    name: metric.name.trim(),
    label: textOf(metric.label),
    description: textOf(metric.description),
    ...(metric.parameterId.trim() && { parameterId: metric.parameterId.trim() }),
    unit: textOf(metric.unit),
    dataType: metric.dataType,
    minimum: numberOf(metric.minimum),
    maximum: numberOf(metric.maximum),
    conversion: metric.isConverted && !metric.isComputed ? { scale: Number(metric.scale), offset: Number(metric.offset), fromUnit: textOf(metric.fromUnit) } : null,
    expression: metric.isComputed ? textOf(metric.expression) : null,
    path: metric.isComputed ? null : textOf(metric.path),
    usual: metric.isUsualSaid && metric.dataType !== "boolean" ? usualAsSent(metric) : null,
  };
}

function usualAsSent({ usualMinimum, usualMaximum, changePerMinute, isDeviationWatched }) {
  return { minimum: numberOf(usualMinimum), maximum: numberOf(usualMaximum), changePerMinute: numberOf(changePerMinute), deviation: isDeviationWatched };
}

const textOf = (text) => text.trim() || null;

const numberOf = (text) => (text === "" ? null : Number(text));
