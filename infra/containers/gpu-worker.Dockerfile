# The GPU worker. Built from the repository's root: docker build -f infra/containers/gpu-worker.Dockerfile .
# --build-arg TORCH=cpu makes the small one for rehearsals.

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
ARG TORCH=cuda
WORKDIR /repo
COPY . .
RUN dotnet publish functions/AlignGuard.GpuWorker -c Release -o /app -p:Cloud=true -p:Torch=$TORCH

# No CUDA base image: the package brings CUDA's runtime, cuBLAS and cuDNN of the version that libtorch was built with. The machine brings the driver.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
# Which parts of the driver the machine lets into the container.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    ALIGNGUARD_CACHE=/cache
RUN mkdir /cache && chown $APP_UID /cache
WORKDIR /app
COPY --from=build /app .
USER $APP_UID
ENTRYPOINT ["dotnet", "AlignGuard.GpuWorker.dll"]
