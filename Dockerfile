# The collector as a container task: docs/platform.md, "Beyond a function". One image for each cloud:
#   docker build --build-arg LOCK=aws --build-arg BASE=python:3.13-slim-bookworm@sha256:... .
# The same lock and sources as in the function's bundle; wheels only, each by its hash, so nothing
# is compiled and nothing else is fetched. Name the base image by its digest: the tag moves.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS packages
ARG LOCK
COPY locks/${LOCK}.txt /lock.txt
RUN python -m pip install --no-cache-dir --no-compile --no-deps --only-binary=:all: \
    --require-hashes --requirement=/lock.txt --target=/packages

FROM ${BASE}
COPY --from=packages /packages /app/packages
COPY handlers /app/handlers
ENV PYTHONPATH=/app:/app/packages \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /tmp
# Nobody's: the task writes to /tmp alone.
USER 65532:65532
ENTRYPOINT ["python", "-m", "handlers.runtimes.task"]
