# One image for the gateway, the flow and the command line; docker-compose.yml says which runs.

FROM python:3.12-slim AS build
COPY requirements-run.lock .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: --requirement requirements-run.lock

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home winnow \
    && install --directory --owner winnow /state
COPY --from=build /venv /venv
WORKDIR /app
COPY alerts alerts
COPY connectors connectors
COPY flows flows
COPY http_gateway http_gateway
COPY winnow winnow
COPY --chmod=755 deploy/winnow /usr/local/bin/winnow
COPY --chmod=755 deploy/flow-entrypoint.sh /usr/local/bin/flow-entrypoint
COPY winnow.yaml LICENSE ./
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    WINNOW_CONFIG=/app/winnow.yaml
RUN python -m compileall -q /app
USER winnow
VOLUME /state
CMD ["winnow", "--help"]
